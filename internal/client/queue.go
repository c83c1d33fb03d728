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

// Join takes the player's seat and puts a ticket into the region's queue. It waits
// for a player who has registered just now to come to the index.
func (c *Client) Join(ctx context.Context, p Player, key, region, pool string) error {
	err := c.untilFound(ctx, Request{
		Method: http.MethodPost, Path: "/v1/queues/" + url.PathEscape(pool) + "/join",
		Token: p.Token, Key: key, Body: map[string]string{"region": region},
	}, nil, schemas.CodePlayerNotFound)
	if err != nil {
		return fmt.Errorf("join %s in %s: %w", pool, region, err)
	}
	return nil
}

// Leave gives the seat back.
func (c *Client) Leave(ctx context.Context, p Player, key, pool string) error {
	path := "/v1/queues/" + url.PathEscape(pool) + "/leave"
	if err := c.Do(ctx, Request{Method: http.MethodPost, Path: path, Token: p.Token, Key: key}, nil); err != nil {
		return fmt.Errorf("leave %s: %w", pool, err)
	}
	return nil
}

// Regions are the regions that have queues.
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

// OwnEvent is an item of a player's own stream; which fields are set goes by
// its type.
type OwnEvent struct {
	Type   string // state, queued, left, matched, game_started, match_failed, game_over, rated
	Seat   Seat   // state
	GameID string
}

// Seat is a player's one seat.
type Seat struct {
	Status string // idle, queued, playing
	GameID string
}

// OwnEvents calls fn for what happens to the player, until fn returns an error
// (which OwnEvents returns) or ctx ends. The stream is opened again when it
// breaks: its first item says where things are.
func (c *Client) OwnEvents(ctx context.Context, p Player, fn func(OwnEvent) error) error {
	giveUp := time.Now().Add(c.patience)
	for {
		err := c.ownEvents(ctx, p, func(e OwnEvent) error {
			giveUp = time.Now().Add(c.patience)
			return fn(e)
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		notYet := CodeOf(err) == schemas.CodePlayerNotFound // registered just now
		if !again(err) && !notYet || time.Now().After(giveUp) {
			return err
		}
		if c.onRetry != nil && !notYet {
			c.onRetry(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(longestPause / 4):
		}
	}
}

func (c *Client) ownEvents(ctx context.Context, p Player, fn func(OwnEvent) error) error {
	answer, err := c.send(ctx, Request{Method: http.MethodGet, Path: "/v1/me/events", Token: p.Token, Accept: "application/x-ndjson"}, nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue // keeps the connection alive
		}
		var e OwnEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("decode own event: %w", err)
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	return unanswered{errors.Join(io.ErrUnexpectedEOF, lines.Err())}
}
