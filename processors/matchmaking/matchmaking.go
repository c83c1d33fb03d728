// Package matchmaking is the processor of queues: it judges queue-commands, owns
// matchmaking-table and writes queue-events. It glues package queue, which knows
// tickets and matches, to package processors, which knows Kafka.
package matchmaking

import (
	"context"
	"fmt"

	"tabiya/internal/core/queue"
	"tabiya/processors"
	"tabiya/schemas"
	"tabiya/tables"
)

// New makes the processor.
func New(cfg processors.Config, queues queue.Config) (*processors.Processor[*queue.State], error) {
	if err := queues.Validate(); err != nil {
		return nil, fmt.Errorf("matchmaking: %w", err)
	}
	cfg.MaxInFlight = queue.OutboxEntries
	p, err := processors.New(cfg, tables.Queues(), core{queues.WithDefaults()})
	if err != nil {
		return nil, fmt.Errorf("matchmaking: %w", err)
	}
	return p, nil
}

// Run judges commands until ctx is done.
func Run(ctx context.Context, cfg processors.Config, queues queue.Config) error {
	p, err := New(cfg, queues)
	if err != nil {
		return err
	}
	return p.Run(ctx)
}

// core is processors.Core of queues; Decide and Replay are queue.Config's own.
type core struct{ queue.Config }

// Deadline is the next wave, or the deadline of the match that has waited longest.
func (c core) Deadline(_ string, row *queue.State) (at schemas.Time, cmd func() schemas.Command, afterCommit, ok bool) {
	at, command, ok := c.Config.Deadline(row)
	return at, func() schemas.Command { return command }, false, ok
}
