package matchmaking

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	pingEvery   = 500 * time.Millisecond
	pingTimeout = time.Second
)

// availability says whether Kafka can be used. While it cannot, commands are
// refused at once instead of piling up.
type availability struct{ caughtUp, unreachable atomic.Bool }

// Reason tells why no command can be answered; empty if it can.
func (a *availability) Reason() string {
	switch {
	case a.unreachable.Load():
		return "Kafka cannot be reached"
	case !a.caughtUp.Load():
		return "the events are not being read yet"
	}
	return ""
}

// probe pings Kafka until ctx is done.
func (s *Service) probe(ctx context.Context) error {
	client, err := kgo.NewClient(s.cfg.Kafka.Opts()...)
	if err != nil {
		return fmt.Errorf("probe kafka: %w", err)
	}
	defer client.Close()
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		bounded, cancel := context.WithTimeout(ctx, pingTimeout)
		err := client.Ping(bounded)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if unreachable := err != nil; s.availability.unreachable.Swap(unreachable) != unreachable {
			s.cfg.Logger.Warn("kafka became reachable or unreachable", "unreachable", unreachable, "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
