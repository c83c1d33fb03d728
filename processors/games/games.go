// Package games is the processor of games: it handles game-commands, owns games-table
// and writes game-events. It connects package game, the rules of a game and its
// clocks, to package processors, which works with Kafka.
package games

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tabiya/internal/core/game"
	"tabiya/internal/kafka"
	"tabiya/processors"
	"tabiya/schemas"
	"tabiya/tables"
)

// Config configures the games processor.
type Config struct {
	processors.Config
	// EvictAfter is how long a finished game stays in the table, so that a repeated
	// command or a resumed stream still finds it. 0: DefaultEvictAfter.
	EvictAfter time.Duration
}

// DefaultEvictAfter is the default of Config.EvictAfter.
const DefaultEvictAfter = time.Minute

// Validate returns an error for the first setting that cannot work.
func (c Config) Validate() error {
	if c.EvictAfter < 0 {
		return errors.New("games: EvictAfter is negative")
	}
	return c.Config.Validate()
}

// New creates the processor. Its Run starts it.
func New(cfg Config) (*processors.Processor[*game.State], error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	p, err := processors.New(cfg.Config, tables.Games(), core{evictAfter: cmp.Or(cfg.EvictAfter, DefaultEvictAfter)})
	if err != nil {
		return nil, fmt.Errorf("games: %w", err)
	}
	return p, nil
}

// Run creates the processor and runs it until ctx is done.
func Run(ctx context.Context, cfg Config) error {
	p, err := New(cfg)
	if err != nil {
		return err
	}
	return p.Run(ctx)
}

// core implements processors.Core.
type core struct{ evictAfter time.Duration }

// DecidesAmidOutages implements processors.AmidOutages.
func (core) DecidesAmidOutages() {}

// Decide decides a new command.
func (c core) Decide(row *game.State, cmd schemas.Command, in processors.Circumstances) (next *game.State, changed bool, out []schemas.Message) {
	version := int64(1)
	if row != nil {
		version = row.Head().Version + 1
	}
	switch {
	case cmd.Type == schemas.EvictGame:
		if cmd.Actor == schemas.ActorSystem && row.Evictable() && !row.StaysFor(c.evictAfter, in.Outages, in.At) {
			return nil, true, nil
		}
		return row, false, nil
	case cmd.Type == schemas.AbortGame && cmd.Actor == schemas.ActorSystem && row == nil:
		// The match failed before its CreateGame arrived. The void row makes that
		// CreateGame fail.
		return game.Void(cmd.Key, cmd.Region, in.At).Stamped(version, in.Origin.Offset), true, nil
	}
	next, events, refusal := game.DecideAmid(in.Outages, row, cmd, in.At)
	if len(events) == 0 {
		return row, false, reply(refusal, cmd, in.At)
	}
	return next.Stamped(version, in.Origin.Offset), true, messages(next, events)
}

// Survey returns nothing: a game follows from its events alone.
func (c core) Survey(context.Context, kafka.Config, string) (any, error) { return nil, nil }

// Apply returns the row after an event.
func (c core) Apply(row *game.State, ev schemas.Event) (*game.State, error) {
	return game.Apply(row, ev)
}

// Rebuild returns the row of a game after its events. A game without events gets the
// row of one that was aborted before it was created: a CreateGame that was refused
// during the quarantine must not be accepted later.
func (c core) Rebuild(cmd schemas.Command, row *game.State, _ any, _ []schemas.LateCommand, in processors.Circumstances) (*game.State, []schemas.Message, error) {
	if row == nil {
		row = game.Void(cmd.Key, cmd.Region, in.At)
	}
	return row.Stamped(schemas.RebuiltVersion(in.At), in.Origin.Offset), nil, nil
}

// Replay returns the messages of a command that was decided before. A client may send
// one id twice; the time tells the copies apart.
func (c core) Replay(row *game.State, cmd schemas.Command, in processors.Circumstances) []schemas.Message {
	at := in.At
	if row == nil {
		return nil
	}
	first := row.Repeat(cmd)
	if first == nil {
		return reply(notAccepted(), cmd, at)
	}
	if first.Seq == 0 {
		return reply(first, cmd, at)
	}
	firstEvent, _ := row.EventAt(first.Seq)
	switch {
	case at < firstEvent.OccurredAt: // this copy was refused, a later one accepted
		return reply(notAccepted(), cmd, at)
	case at > firstEvent.OccurredAt: // an earlier copy was accepted
		return reply(first, cmd, at)
	}
	events := []schemas.Event{firstEvent}
	if before, ok := row.EventAt(first.Seq - 1); ok && before.Type == schemas.TimeRestored && before.CommandID == cmd.ID {
		events = []schemas.Event{before, firstEvent}
	}
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

// NextTimer returns the flag fall of the side to move or, for a finished game, its
// eviction. Commands about a rematch delay the eviction. The flag is decided in
// internal/core/game/play.go, by the numbers of internal/core/clock.
func (c core) NextTimer(key string, row *game.State) (at schemas.Time, cmd func() schemas.Command, afterCommit bool, ok bool) {
	if row == nil {
		return 0, nil, false, false
	}
	// Clone, because the strings of a row share one allocation, which the timer would
	// keep in memory.
	region, seq, plies := strings.Clone(row.Region), row.Seq, row.Plies
	if !row.Over() {
		return row.FlagAt(), func() schemas.Command {
			return schemas.Command{
				ID: schemas.DerivedID(key, "check-flag", seq), Type: schemas.CheckFlag, Key: key, Region: region,
				Actor: schemas.ActorSystem, Payload: &schemas.CheckFlagPayload{Ply: plies},
			}
		}, false, true
	}
	stay := c.evictAfter
	if row.AwaitsRematch() { // it may be told that the rematch failed
		stay = max(stay, game.RematchWindow)
	}
	return max(row.UpdatedAt.Add(stay), row.CreatedAt.Add(minAge)), func() schemas.Command {
		return schemas.Command{ID: schemas.DerivedID(key, "evict", seq), Type: schemas.EvictGame, Key: key, Region: region, Actor: schemas.ActorSystem}
	}, true, true
}

// maxClockSkew is the largest expected difference between the clocks of a service and
// the broker.
const maxClockSkew = 90 * time.Second

// minAge is how old a row must be before it is evicted. As long as its CreateGame may be
// repeated, the row must be there to recognize it.
const minAge = schemas.CreateWithin + maxClockSkew

// messages returns the events, each followed by the commands that it leads to.
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

// reply returns the reply to a refused command, or none if its actor waits for none:
// only players and services do.
func reply(r *game.Refusal, cmd schemas.Command, at schemas.Time) []schemas.Message {
	if r == nil || cmd.Actor == schemas.ActorSystem || cmd.Actor == "" {
		return nil
	}
	return []schemas.Message{r.Reply(cmd, at)}
}
