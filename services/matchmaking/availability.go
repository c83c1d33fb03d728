package matchmaking

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/readiness"
)

const (
	pingEvery   = 500 * time.Millisecond
	pingTimeout = time.Second
)

// availability says whether Kafka can be used. While it cannot, requests are
// refused at once instead of piling up.
type availability struct {
	caughtUp, unreachable atomic.Bool
	// readiness is what the pings say about taking the instance out of rotation,
	// which one missed answer does not.
	readiness *readiness.Status
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
		s.availability.readiness.Observe(err)
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
