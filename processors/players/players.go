// Package players is the processor of players: it judges player-commands, owns
// players-table and writes player-events. It glues package player, which knows
// the seat and the ratings, to package processors, which knows Kafka.
package players

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"tabiya/internal/core/player"
	"tabiya/internal/kafka"
	"tabiya/processors"
	"tabiya/schemas"
	"tabiya/tables"
)

// Processor judges player-commands.
type Processor struct {
	*processors.Processor[*player.State]
	cfg        kafka.Config
	partitions *atomic.Int32 // of player-commands; 0: not known yet
}

// New makes the processor.
func New(cfg processors.Config) (*Processor, error) {
	partitions := new(atomic.Int32)
	p, err := processors.New(cfg, tables.Players(), core{partitions})
	if err != nil {
		return nil, fmt.Errorf("players: %w", err)
	}
	return &Processor{p, cfg.Kafka, partitions}, nil
}

// Run judges commands until ctx is done.
func (p *Processor) Run(ctx context.Context) error {
	// The count is learned before the first command is judged and holds for the
	// life of the process: a scaling stops all processors first.
	for {
		n, err := kafka.PartitionCount(ctx, p.cfg, schemas.PlayerCommands)
		if err == nil {
			p.partitions.Store(n)
			return p.Processor.Run(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second): // the broker is away, or the topics are not made yet
		}
	}
}

// Ready is nil once the processor works on its partitions.
func (p *Processor) Ready() error {
	if p.partitions.Load() == 0 {
		return errors.New("processor players: the broker or its topic is not there yet")
	}
	return p.Processor.Ready()
}

// Run makes the processor and runs it.
func Run(ctx context.Context, cfg processors.Config) error {
	p, err := New(cfg)
	if err != nil {
		return err
	}
	return p.Run(ctx)
}

// core is processors.Core of players.
type core struct{ partitions *atomic.Int32 }

// Decide judges a new command.
func (c core) Decide(row *player.State, cmd schemas.Command, at schemas.Time, offset int64) (*player.State, bool, []schemas.Message) {
	return player.Decide(row, cmd, at, c.origin(cmd.Key, offset))
}

// Replay says again what a command, judged before, caused.
func (c core) Replay(row *player.State, cmd schemas.Command, at schemas.Time, offset int64) []schemas.Message {
	return player.Replay(row, cmd, at, c.origin(cmd.Key, offset))
}

// Deadline: a player waits for nothing by himself.
func (core) Deadline(string, *player.State) (at schemas.Time, cmd func() schemas.Command, afterCommit, ok bool) {
	return 0, nil, false, false
}

func (c core) origin(key string, offset int64) schemas.Origin {
	n := c.partitions.Load()
	return schemas.Origin{Partitions: n, Partition: kafka.PartitionOf(key, n), Offset: offset}
}
