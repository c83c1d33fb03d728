package processors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
)

const (
	// The pause before a session is started again: it doubles with each failure.
	minPause = 100 * time.Millisecond
	maxPause = 2 * time.Second
	// maxStop is how long a stopping session waits for unacknowledged messages.
	maxStop = 3 * time.Second
)

// Run handles commands until ctx is done, and then returns nil. It survives
// outages of Kafka: it starts again until it succeeds. In the same way it waits
// until Kafka keeps all events (kafka.EventsCheck). It returns an error only for
// what starting again does not repair: topology.ErrMismatch and tables.ErrLaterFormat.
// It may be called again.
func (p *Processor[R]) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var background sync.WaitGroup
	defer background.Wait()
	defer cancel()
	background.Go(func() { p.readiness.Watch(ctx, p.check) })
	background.Go(func() {
		if err := p.lag.Run(ctx); err != nil {
			p.logger.Error("measuring the consumer lag stopped", "err", err)
		}
	})

	member := kafka.NewGroupMember(p.cfg.Kafka, p.lag, p.cfg.MaxInFlight)
	defer func() {
		if err := member.Close(); err != nil {
			p.logger.Debug("leaving the group failed, its session will expire", "err", err)
		}
	}()
	pause, failing, deleted := minPause, false, false
	for ctx.Err() == nil {
		started := time.Now()
		err := p.runSession(ctx, member)
		if ctx.Err() != nil {
			break
		}
		p.notRunning.Store(&err)
		if errors.Is(err, topology.ErrMismatch) || isLaterFormat(err) {
			return err
		}
		if time.Since(started) > 2*maxPause {
			pause, failing = minPause, false
		}
		// One line for each change of state, not for each attempt.
		if d := errors.Is(err, kafka.ErrEventsDeleted); !failing || d != deleted {
			p.logger.Warn("processor stopped, retrying until it runs again", "err", err)
			failing, deleted = true, d
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
	stopped := errors.New("stopped")
	p.notRunning.Store(&stopped)
	return nil
}

// runSession runs one session until ctx is done or something fails.
func (p *Processor[R]) runSession(ctx context.Context, member *kafka.GroupMember) (err error) {
	s, err := newSession(ctx, p, member)
	if errors.Is(err, topology.ErrMismatch) {
		return err // the same words as while it runs, so that they are logged once
	}
	if err != nil {
		return fmt.Errorf("start processor %s: %w", p.table.Group, err)
	}
	defer s.close()
	p.session.Store(s)
	defer p.session.Store(nil)
	err = s.run(ctx)
	if fatal := s.fatal.Load(); fatal != nil {
		return *fatal
	}
	if errors.Is(err, topology.ErrMismatch) {
		return err
	}
	if err == nil {
		err = errors.New("the group ended by itself")
	}
	return fmt.Errorf("run processor %s: %w", p.table.Group, err)
}
