package client

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"tabiya/schemas"
)

// foundPoll is the pause between two looks for what is not there yet.
const foundPoll = 200 * time.Millisecond

// PGN fetches a finished game from history, and waits for it to come there: the
// sink is a moment behind the game.
func (c *Client) PGN(ctx context.Context, gameID string) ([]byte, error) {
	var text []byte
	err := c.untilFound(ctx, Request{Method: http.MethodGet, Path: "/v1/history/games/" + gameID, Accept: "application/x-chess-pgn"}, &text, schemas.CodeGameNotFound)
	return text, err
}

// untilFound is Do that takes a refusal with that code for "not yet", for as long
// as the client is patient.
func (c *Client) untilFound(ctx context.Context, r Request, out any, notYet schemas.Code) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.patience, fmt.Errorf("not there after %s", c.patience))
	defer cancel()
	for {
		err := c.Do(ctx, r, out)
		if err == nil || CodeOf(err) != notYet {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(foundPoll):
		}
	}
}
