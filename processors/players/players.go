// Package players is the processor of players: it handles player-commands, owns
// players-table and writes player-events. It connects package player, the seat and
// the ratings of a player, to package processors, which works with Kafka.
package players

import (
	"context"
	"fmt"
	"slices"

	"tabiya/internal/core/player"
	"tabiya/internal/kafka"
	"tabiya/processors"
	"tabiya/schemas"
	"tabiya/tables"
	"tabiya/tables/rebuild"
)

// New creates the processor. Its Run starts it.
func New(cfg processors.Config) (*processors.Processor[*player.State], error) {
	p, err := processors.New(cfg, tables.Players(), core{})
	if err != nil {
		return nil, fmt.Errorf("players: %w", err)
	}
	return p, nil
}

// Run creates the processor and runs it until ctx is done.
func Run(ctx context.Context, cfg processors.Config) error {
	p, err := New(cfg)
	if err != nil {
		return err
	}
	return p.Run(ctx)
}

// core implements processors.Core.
type core struct{}

// Decide decides a new command.
func (core) Decide(row *player.State, cmd schemas.Command, in processors.Circumstances) (*player.State, bool, []schemas.Message) {
	return player.Decide(row, cmd, in.At, in.Origin)
}

// Replay returns the messages of a command that was decided before.
func (core) Replay(row *player.State, cmd schemas.Command, in processors.Circumstances) []schemas.Message {
	return player.Replay(row, cmd, in.At, in.Origin)
}

// Survey returns what is known of the player beside their events.
func (core) Survey(ctx context.Context, cfg kafka.Config, key string) (any, error) {
	return rebuild.Player(ctx, cfg, key)
}

// Apply returns the row after an event. Where its command stands does not matter,
// because it was decided before the repair.
func (core) Apply(row *player.State, ev schemas.Event) (*player.State, error) {
	return player.Apply(row, ev, -1)
}

// Rebuild returns the row of a player after their events. Their ticket keeps waiting,
// their game keeps its seat, and the results that were refused meanwhile are recorded.
// Without events nobody has registered under this key.
func (core) Rebuild(cmd schemas.Command, row *player.State, survey any, late []schemas.LateCommand, in processors.Circumstances) (*player.State, []schemas.Message, error) {
	surveyed, ok := survey.(rebuild.PlayerSurvey)
	if row == nil || !ok {
		return nil, nil, fmt.Errorf("player %s has no events", cmd.Key)
	}
	row = row.Stamped(schemas.RebuiltVersion(in.At), in.Origin.Offset, surveyed.Seat)
	row, out := player.Settle(row, slices.Concat(surveyed.Results, late), in.Origin)
	return row, out, nil
}

// NextTimer returns no timer: a player needs none.
func (core) NextTimer(string, *player.State) (at schemas.Time, cmd func() schemas.Command, afterCommit, ok bool) {
	return 0, nil, false, false
}
