// Package players is the processor of players: it handles player-commands, owns
// players-table and writes player-events. It connects package player, the seat and
// the ratings of a player, to package processors, which works with Kafka.
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

// Processor handles player-commands.
type Processor struct {
	*processors.Processor[*player.State]
	cfg        kafka.Config
	partitions *atomic.Int32 // of player-commands; 0 until Run has read it
}

// New creates the processor. Run starts it.
func New(cfg processors.Config) (*Processor, error) {
	partitions := new(atomic.Int32)
	p, err := processors.New(cfg, tables.Players(), core{partitions})
	if err != nil {
		return nil, fmt.Errorf("players: %w", err)
	}
	return &Processor{p, cfg.Kafka, partitions}, nil
}

// Run handles commands until ctx is done.
func (p *Processor) Run(ctx context.Context) error {
	// The partition count is read once: all processors are stopped before the topic
	// is scaled.
	for {
		n, err := kafka.PartitionCount(ctx, p.cfg, schemas.PlayerCommands)
		if err == nil {
			p.partitions.Store(n)
			return p.Processor.Run(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second): // an outage, or the topics are not created yet
		}
	}
}

// Ready returns nil once the processor handles commands. Otherwise the error says what
// is missing.
func (p *Processor) Ready() error {
	if p.partitions.Load() == 0 {
		return errors.New("processor players: waiting for Kafka and the topic player-commands")
	}
	return p.Processor.Ready()
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
type core struct{ partitions *atomic.Int32 }

// Decide decides a new command.
func (c core) Decide(row *player.State, cmd schemas.Command, at schemas.Time, offset int64) (*player.State, bool, []schemas.Message) {
	return player.Decide(row, cmd, at, c.origin(cmd.Key, offset))
}

// Replay returns the messages of a command that was decided before.
func (c core) Replay(row *player.State, cmd schemas.Command, at schemas.Time, offset int64) []schemas.Message {
	return player.Replay(row, cmd, at, c.origin(cmd.Key, offset))
}

// NextTimer returns no timer: a player needs none.
func (core) NextTimer(string, *player.State) (at schemas.Time, cmd func() schemas.Command, afterCommit, ok bool) {
	return 0, nil, false, false
}

func (c core) origin(key string, offset int64) schemas.Origin {
	n := c.partitions.Load()
	return schemas.Origin{Partitions: n, Partition: kafka.PartitionOf(key, n), Offset: offset}
}
