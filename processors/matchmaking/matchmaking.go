// Package matchmaking is the processor of queues: it handles queue-commands, owns
// matchmaking-table and writes queue-events. It connects package queue, the pairing of
// tickets into matches, to package processors, which works with Kafka.
package matchmaking

import (
	"context"
	"fmt"

	"tabiya/internal/core/queue"
	"tabiya/internal/kafka"
	"tabiya/processors"
	"tabiya/schemas"
	"tabiya/tables"
	"tabiya/tables/rebuild"
)

// New creates the processor. Its Run starts it.
func New(cfg processors.Config, queues queue.Config) (*processors.Processor[*queue.State], error) {
	if err := queues.Validate(); err != nil {
		return nil, fmt.Errorf("matchmaking: %w", err)
	}
	cfg.MaxInFlight = queue.OutboxEntries // a queue's row holds the results of that many commands
	p, err := processors.New(cfg, tables.Queues(), core{queues.WithDefaults(), new(instances)})
	if err != nil {
		return nil, fmt.Errorf("matchmaking: %w", err)
	}
	return p, nil
}

// Run creates the processor and runs it until ctx is done.
func Run(ctx context.Context, cfg processors.Config, queues queue.Config) error {
	p, err := New(cfg, queues)
	if err != nil {
		return err
	}
	return p.Run(ctx)
}

// core implements processors.Core and processors.HearsInstances.
type core struct {
	queue.Config
	*instances
}

// Decide decides a new command.
func (c core) Decide(row *queue.State, cmd schemas.Command, in processors.Circumstances) (*queue.State, bool, []schemas.Message) {
	return c.Config.Decide(row, cmd, in.At, in.Origin.Offset)
}

// Replay returns the messages of a command that was decided before.
func (c core) Replay(row *queue.State, cmd schemas.Command, in processors.Circumstances) []schemas.Message {
	return c.Config.Replay(row, cmd, in.At, in.Origin.Offset)
}

// Survey returns what the players' seats and the games tell of a queue.
func (c core) Survey(ctx context.Context, cfg kafka.Config, key string) (any, error) {
	return rebuild.Queue(ctx, cfg, key)
}

// Apply returns the row after an event.
func (c core) Apply(row *queue.State, ev schemas.Event) (*queue.State, error) {
	return queue.Apply(row, ev)
}

// Rebuild returns the row of a queue after its events. Its matches remain; who waited
// leaves the queue.
func (c core) Rebuild(cmd schemas.Command, row *queue.State, survey any, _ []schemas.LateCommand, in processors.Circumstances) (*queue.State, []schemas.Message, error) {
	surveyed, ok := survey.(queue.Survey)
	if !ok || !schemas.IsQueueKey(cmd.Key) {
		return nil, nil, fmt.Errorf("%q is not the key of a queue", cmd.Key)
	}
	next, out := c.Config.Rebuild(row, surveyed, cmd, in.At, schemas.RebuiltVersion(in.At), in.Origin.Offset)
	return next, out, nil
}

// Quarantined returns the command that frees the seat of a ticket that cannot enter.
func (c core) Quarantined(cmd schemas.Command, at schemas.Time) []schemas.Message {
	return queue.ReleaseRefused(cmd, at)
}

// NextTimer returns the next wave, the earliest deadline of a match, or what comes of
// leases. No wave is sent while the lease of a waiting ticket is held by an instance that
// is silent, or of which nothing is known yet: its leases are ended first.
func (c core) NextTimer(_ string, row *queue.State) (at schemas.Time, cmd func() schemas.Command, afterCommit, ok bool) {
	at, command, ok := c.Config.NextTimer(row)
	if !ok || (command.Type != schemas.PairWave && command.Type != schemas.EndLeases) {
		return at, func() schemas.Command { return command }, false, ok
	}
	holders, key, waves := row.Holders(), command.Key, row.Waves
	return at, func() schemas.Command {
		silent, known := c.silent(holders)
		if command.Type == schemas.PairWave && known && len(silent) == 0 {
			return command
		}
		return queue.CheckLeases(key, waves, silent)
	}, false, true
}
