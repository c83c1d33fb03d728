package processors

import (
	"context"
	"time"
)

// watchCommits reads the group's committed offsets while a timer waits for one of
// them. Sarama does not report when the broker acknowledges a commit.
func (s *session[R]) watchCommits(ctx context.Context) {
	ticker := time.NewTicker(commitPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if !s.anyTimerWaitsForCommit() {
			continue
		}
		if err := s.readCommits(ctx); err != nil && ctx.Err() == nil {
			s.p.logger.Debug("read committed offsets", "err", err)
		}
	}
}

func (s *session[R]) anyTimerWaitsForCommit() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.partitions {
		if p.timers.anyWaitsForCommit() {
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
			p.committed.Store(s.commands.Place(number, o.At))
		}
	}
	return nil
}
