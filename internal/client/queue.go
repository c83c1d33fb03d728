package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"tabiya/schemas"
)

// Join puts the player into a region's queue. It waits until matchmaking knows a
// player that has just registered.
func (c *Client) Join(ctx context.Context, p Player, key, region, pool string) error {
	err := c.doUntilFound(ctx, Request{
		Method: http.MethodPost, Path: "/v1/queues/" + url.PathEscape(pool) + "/join",
		Token: p.Token, Key: key, Body: map[string]string{"region": region},
	}, nil, schemas.CodePlayerNotFound)
	if err != nil {
		return fmt.Errorf("join %s in %s: %w", pool, region, err)
	}
	return nil
}

// Leave takes the player out of the queue.
func (c *Client) Leave(ctx context.Context, p Player, key, pool string) error {
	path := "/v1/queues/" + url.PathEscape(pool) + "/leave"
	if err := c.Do(ctx, Request{Method: http.MethodPost, Path: path, Token: p.Token, Key: key}, nil); err != nil {
		return fmt.Errorf("leave %s: %w", pool, err)
	}
	return nil
}

// Regions lists the regions that have queues.
func (c *Client) Regions(ctx context.Context) ([]string, error) {
	var list struct{ Queues []struct{ Region string } }
	if err := c.Do(ctx, Request{Method: http.MethodGet, Path: "/v1/queues"}, &list); err != nil {
		return nil, fmt.Errorf("list queues: %w", err)
	}
	var regions []string
	seen := map[string]bool{}
	for _, q := range list.Queues {
		if !seen[q.Region] {
			seen[q.Region] = true
			regions = append(regions, q.Region)
		}
	}
	return regions, nil
}

// OwnEvent is an item of a player's own event stream. The type decides which fields
// are set.
type OwnEvent struct {
	Type   string `json:"type"` // state, queued, left, matched, game_started, match_failed, game_over, rated
	Seat   Seat   `json:"seat"` // with type state
	GameID string `json:"gameId"`
}

// Seat says where a player is: nowhere, in a queue or in a game.
type Seat struct {
	Status string `json:"status"` // idle, queued, playing
	GameID string `json:"gameId"`
}

// OwnEvents reads the player's own event stream and calls fn for each item, until fn
// returns an error, which OwnEvents returns, or ctx ends. It reopens a broken stream,
// whose first item is the current state.
func (c *Client) OwnEvents(ctx context.Context, p Player, fn func(OwnEvent) error) error {
	deadline := time.Now().Add(c.patience)
	for {
		err := c.ownEvents(ctx, p, func(e OwnEvent) error {
			deadline = time.Now().Add(c.patience)
			return fn(e)
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		notYet := CodeOf(err) == schemas.CodePlayerNotFound // the player has just registered
		if !retryable(err) && !notYet || time.Now().After(deadline) {
			return err
		}
		if c.onRetry != nil && !notYet {
			c.onRetry(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(maxPause / 4):
		}
	}
}

func (c *Client) ownEvents(ctx context.Context, p Player, fn func(OwnEvent) error) error {
	response, err := c.send(ctx, Request{Method: http.MethodGet, Path: "/v1/me/events", Token: p.Token, Accept: "application/x-ndjson"}, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue // keep-alive
		}
		var e OwnEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("decode own event: %w", err)
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	return noAnswerError{errors.Join(io.ErrUnexpectedEOF, lines.Err())}
}
