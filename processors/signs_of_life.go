package processors

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// signsOfLife follows the signs of life that livegame instances send as long as they
// take moves. Where none does, nobody can move, and the owner of a partition sends no
// pulse.
type signsOfLife struct {
	client *kgo.Client
	last   atomic.Int64 // when one was read, in Unix nanoseconds
}

// maxSilence is how long a sign of life counts: instances send one every
// schemas.SignOfLifeEvery.
const maxSilence = 4 * schemas.SignOfLifeEvery

func newSignsOfLife(cfg kafka.Config) (*signsOfLife, error) {
	client, err := kgo.NewClient(append(cfg.Opts(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
		schemas.BrokerClock: {0: kgo.NewOffset().AtEnd()},
	}))...)
	if err != nil {
		return nil, err
	}
	return &signsOfLife{client: client}, nil
}

// run reads until ctx is done. Errors mean that nothing is read, and the client tries
// again.
func (l *signsOfLife) run(ctx context.Context) {
	defer l.client.Close()
	for ctx.Err() == nil {
		fetches := l.client.PollFetches(ctx)
		for _, r := range fetches.Records() {
			if string(r.Key) == schemas.SignOfLife {
				l.last.Store(time.Now().UnixNano())
			}
		}
		if len(fetches.Errors()) > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(schemas.SignOfLifeEvery):
			}
		}
	}
}

// recent reports whether an instance takes moves. A nil l says no.
func (l *signsOfLife) recent() bool {
	return l != nil && time.Since(time.Unix(0, l.last.Load())) < maxSilence
}
