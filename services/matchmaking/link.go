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

// link is what is known of the way to Kafka. While it is down commands are
// refused at once instead of piling up.
type link struct{ caughtUp, away atomic.Bool }

// probe asks Kafka again and again whether it is there, until ctx ends.
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
		s.kafka.Saw(err)
		if away := err != nil; s.link.away.Swap(away) != away {
			s.cfg.Logger.Warn("the way to kafka changes", "away", away, "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
