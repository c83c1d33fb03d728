package processors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// How long to wait before starting again, and how long an order to stop waits
// for what is not acknowledged yet.
const (
	firstPause = 100 * time.Millisecond
	mostPause  = 2 * time.Second
	stopWithin = 3 * time.Second
)

// Run works until ctx is done. It outlives a broker that is away: it starts
// again until it can go on. It returns an error only for what waiting does not
// mend, ErrWrongPartition and ErrCorruptRow. It may be called again.
func (p *Processor[R]) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	watching.Go(func() { p.working.Watch(ctx, p.check) })
	watching.Go(func() {
		if err := p.lag.Run(ctx); err != nil {
			p.logger.Error("lag is not watched", "err", err)
		}
	})

	pause, away := firstPause, false
	for ctx.Err() == nil {
		started := time.Now()
		err := p.once(ctx)
		if ctx.Err() != nil {
			break
		}
		p.broken.Store(&err)
		if errors.Is(err, ErrWrongPartition) || errors.Is(err, ErrCorruptRow) {
			return err
		}
		if time.Since(started) > 2*mostPause {
			pause, away = firstPause, false
		}
		if !away { // once a change of state, not once an attempt
			p.logger.Warn("processor stopped, starts again until it can go on", "err", err)
			away = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, mostPause)
	}
	stopped := errors.New("stopped")
	p.broken.Store(&stopped)
	return nil
}

// once runs the group until ctx is done or something fails.
func (p *Processor[R]) once(ctx context.Context) (err error) {
	s, err := newSession(ctx, p)
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
	if err == nil {
		err = errors.New("the group ended by itself")
	}
	return fmt.Errorf("run processor %s: %w", p.table.Group, err)
}
