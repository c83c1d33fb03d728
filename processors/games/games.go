// Package games is the processor of games: it judges game-commands, owns
// games-table and writes game-events. It glues package game, which knows chess
// and clocks, to package processors, which knows Kafka.
package games

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tabiya/internal/core/game"
	"tabiya/processors"
	"tabiya/schemas"
	"tabiya/tables"
)

// Config is what the games processor needs.
type Config struct {
	processors.Config
	// Linger is how long a finished game stays in the table, so that a command
	// that comes twice, or a stream that resumes, still finds it.
	Linger time.Duration
}

const (
	// DefaultLinger is one minute.
	DefaultLinger = time.Minute
	// moreStay is for clocks that differ, see leastStay.
	moreStay = 90 * time.Second
)

// leastStay is how long a row stays from its creation at least: longer than its
// CreateGame may come again.
func leastStay(row *game.State) time.Duration {
	if row.RematchOf != "" {
		return schemas.RematchWithin + moreStay
	}
	return schemas.CreateWithin + moreStay
}

// Validate reports the first thing that cannot work.
func (c Config) Validate() error {
	if c.Linger < 0 {
		return errors.New("games: linger is negative")
	}
	return c.Config.Validate()
}

// New makes the processor.
func New(cfg Config) (*processors.Processor[*game.State], error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	p, err := processors.New(cfg.Config, tables.Games(), Core{Linger: cfg.Linger})
	if err != nil {
		return nil, fmt.Errorf("games: %w", err)
	}
	return p, nil
}

// Run judges commands until ctx is done.
func Run(ctx context.Context, cfg Config) error {
	p, err := New(cfg)
	if err != nil {
		return err
	}
	return p.Run(ctx)
}

// Core is processors.Core of games.
type Core struct {
	Linger time.Duration // 0: DefaultLinger
}

// Decide judges a new command.
func (c Core) Decide(row *game.State, cmd schemas.Command, at schemas.Time, offset int64) (next *game.State, changed bool, out []schemas.Message) {
	version := int64(1)
	if row != nil {
		version = row.Head().Version + 1
	}
	switch {
	case cmd.Type == schemas.EvictGame:
		if cmd.Actor == schemas.ActorSystem && row.Evictable() {
			return nil, true, nil
		}
		return row, false, nil
	case cmd.Type == schemas.AbortGame && cmd.Actor == schemas.ActorSystem && row == nil:
		// The match failed before its game was made: what made it may still come.
		return game.Void(cmd.Key, cmd.Region, at).Stamped(version, offset), true, nil
	}
	next, events, refusal := game.Decide(row, cmd, at)
	if len(events) == 0 {
		return row, false, answer(refusal, cmd, at)
	}
	return next.Stamped(version, offset), true, messages(next, events)
}

// Replay says again what a command, judged before, caused. Its broker time
// tells which of several commands with one id it is.
func (c Core) Replay(row *game.State, cmd schemas.Command, at schemas.Time, _ int64) []schemas.Message {
	if row == nil {
		return nil
	}
	first := row.Repeat(cmd)
	if first == nil {
		return answer(notAccepted(), cmd, at)
	}
	if first.Seq == 0 {
		return answer(first, cmd, at)
	}
	cause, _ := row.EventAt(first.Seq)
	switch {
	case at < cause.OccurredAt: // refused, and accepted when it was sent again
		return answer(notAccepted(), cmd, at)
	case at > cause.OccurredAt:
		return answer(first, cmd, at)
	}
	events := []schemas.Event{cause}
	for _, ev := range row.Events(first.Seq + 1) {
		if ev.CommandID != cmd.ID {
			break
		}
		events = append(events, ev)
	}
	return messages(row, events)
}

func notAccepted() *game.Refusal {
	return &game.Refusal{Code: schemas.CodeNotAccepted, Detail: "the command was refused"}
}

// Deadline is the flag of the side to move, or the end of a finished game's stay:
// what is said about a rematch prolongs that.
func (c Core) Deadline(key string, row *game.State) (at schemas.Time, cmd func() schemas.Command, afterCommit bool, ok bool) {
	if row == nil {
		return 0, nil, false, false
	}
	region, seq, plies := strings.Clone(row.Region), row.Seq, row.Plies // of a row its strings are one
	if !row.Over() {
		return row.FlagAt(), func() schemas.Command {
			return schemas.Command{
				ID: schemas.DerivedID(key, "check-flag", seq), Type: schemas.CheckFlag, Key: key, Region: region,
				Actor: schemas.ActorSystem, Payload: &schemas.CheckFlagPayload{Ply: plies},
			}
		}, false, true
	}
	linger := c.Linger
	if linger == 0 {
		linger = DefaultLinger
	}
	return max(row.UpdatedAt.Add(linger), row.CreatedAt.Add(leastStay(row))), func() schemas.Command {
		return schemas.Command{ID: schemas.DerivedID(key, "evict", seq), Type: schemas.EvictGame, Key: key, Region: region, Actor: schemas.ActorSystem}
	}, true, true
}

// messages are the events, each with the commands that it causes.
func messages(s *game.State, events []schemas.Event) []schemas.Message {
	out := make([]schemas.Message, 0, len(events)+3)
	for _, ev := range events {
		out = append(out, ev)
		for _, cmd := range game.Consequences(s, ev) {
			out = append(out, cmd)
		}
	}
	return out
}

// answer tells a refusal to those who wait for one: players and services.
func answer(r *game.Refusal, cmd schemas.Command, at schemas.Time) []schemas.Message {
	if r == nil || cmd.Actor == schemas.ActorSystem || cmd.Actor == "" {
		return nil
	}
	return []schemas.Message{r.Reply(cmd, at)}
}
