package client

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"tabiya/schemas"
)

// foundPollInterval is the pause between two requests for something that does not
// exist yet.
const foundPollInterval = 200 * time.Millisecond

// PGN fetches a finished game from history. It waits until the Postgres sink has
// written the game.
func (c *Client) PGN(ctx context.Context, gameID string) ([]byte, error) {
	var text []byte
	err := c.doUntilFound(ctx, Request{Method: http.MethodGet, Path: "/v1/history/games/" + gameID, Accept: "application/x-chess-pgn"}, &text, schemas.CodeGameNotFound)
	return text, err
}

// doUntilFound is Do, repeated while the server answers with the code notYet, for at
// most the client's Patience.
func (c *Client) doUntilFound(ctx context.Context, r Request, out any, notYet schemas.Code) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.patience, fmt.Errorf("not found within %s", c.patience))
	defer cancel()
	for {
		err := c.Do(ctx, r, out)
		if err == nil || CodeOf(err) != notYet {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(foundPollInterval):
		}
	}
}
