package processors

import (
	"context"
	"time"
)

// watchCommits learns what the broker has as committed while a timer waits for
// it: sarama does not tell when a commit is acknowledged.
func (s *session[R]) watchCommits(ctx context.Context) {
	tick := time.NewTicker(holdRetry)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !s.anyHeld() {
			continue
		}
		if err := s.readCommits(ctx); err != nil && ctx.Err() == nil {
			s.p.logger.Debug("committed offsets are not known", "err", err)
		}
	}
}

func (s *session[R]) anyHeld() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.partitions {
		if p.wheel.held() {
			return true
		}
	}
	return false
}

func (s *session[R]) readCommits(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	offsets, err := s.adm.FetchOffsets(ctx, s.p.table.Group)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for number, p := range s.partitions {
		if o, ok := offsets.Lookup(s.p.table.Commands, number); ok && o.Err == nil {
			p.committed.Store(o.At)
		}
	}
	return nil
}
