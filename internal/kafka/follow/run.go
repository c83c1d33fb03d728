package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Handler is what a Follower calls, from one goroutine. Records must be set.
type Handler struct {
	// Records handles records of one partition, in the order of their offsets.
	// The partition counts as behind until it returns.
	Records func(records []*kgo.Record)
	// Polled is called when the records of all partitions that came with one
	// poll are handled. Kafka is not read further until it returns.
	Polled func()
	// CaughtUp is called once, when all partitions have caught up.
	CaughtUp func()
}

// Run handles records until ctx is done, and returns nil then. It waits for a
// broker that is away. It returns an error when a partition cannot be read on:
// the topic was deleted or created again, records were lost, or access is
// refused. It may be called once.
func (f *Follower) Run(ctx context.Context, h Handler) error {
	f.client.AddConsumePartitions(f.from)
	f.checkTails = time.Now().Add(checkTailsEvery)
	caughtUp := false
	for {
		if !caughtUp && len(f.behind) == 0 {
			caughtUp = true
			call(h.CaughtUp)
		}
		fetches := f.poll(ctx)
		if ctx.Err() != nil {
			return nil
		}
		var failed error
		fetches.EachError(func(topic string, partition int32, err error) {
			if topic == "" && errors.Is(err, context.DeadlineExceeded) {
				return // poll's own
			}
			failed = errors.Join(failed, fmt.Errorf("fetch %s/%d: %w", topic, partition, err))
		})
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if n := len(p.Records); n > 0 {
				h.Records(p.Records)
				last := p.Records[n-1]
				f.lag.Progress(p.Topic, p.Partition, last.Offset+1, last.Timestamp)
				f.reached(topicPartition{p.Topic, p.Partition}, last.Offset+1)
			}
		})
		call(h.Polled)
		if failed != nil {
			return failed
		}
		if err := f.checkTailsNow(ctx); err != nil {
			return err
		}
	}
}

// poll waits for records. While a partition is behind it does not wait past the
// next check of the tails.
func (f *Follower) poll(ctx context.Context) kgo.Fetches {
	if len(f.behind) == 0 {
		return f.client.PollFetches(ctx)
	}
	ctx, cancel := context.WithDeadline(ctx, f.checkTails)
	defer cancel()
	return f.client.PollFetches(ctx)
}

// reached notes that all records of a partition before next are handled.
func (f *Follower) reached(tp topicPartition, next int64) {
	if len(f.behind) == 0 {
		return
	}
	p, ok := f.behind[tp]
	switch {
	case !ok:
	case next >= p.end:
		delete(f.behind, tp)
	default:
		p.next, p.moved = next, true
	}
}

func call(fn func()) {
	if fn != nil {
		fn()
	}
}
