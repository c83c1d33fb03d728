package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// historyPoll is the pause between two looks for a game that is not in history
// yet.
const historyPoll = 200 * time.Millisecond

// PGN fetches a finished game from history, and waits up to patience for it to
// come there: the sink is a moment behind the game.
func (c *Client) PGN(ctx context.Context, gameID string, patience time.Duration) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		var text []byte
		err := c.Do(ctx, Request{Method: http.MethodGet, Path: "/v1/history/games/" + gameID, Accept: "application/x-chess-pgn"}, &text)
		var p *Problem
		if err == nil || !errors.As(err, &p) || p.Status != http.StatusNotFound {
			return text, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("not in history after %s: %w", patience, err)
		case <-time.After(historyPoll):
		}
	}
}
