package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Handler is what a Reader calls, from one goroutine. Records must be set.
type Handler struct {
	// Records handles records of one partition, in offset order.
	// The partition counts as behind until it returns.
	Records func(records []*kgo.Record)
	// Polled is called after each poll's records are handled. Kafka is not read
	// further until it returns.
	Polled func()
	// CaughtUp is called once, when all partitions have caught up.
	CaughtUp func()
}

// Run handles records until ctx is done; then it returns nil. It waits while a
// broker is unreachable. It returns an error if a partition cannot be read any
// further: the topic was deleted or created again, records were lost, or access
// is refused. It may be called once.
func (r *Reader) Run(ctx context.Context, h Handler) error {
	r.client.AddConsumePartitions(r.from)
	r.checkTails = time.Now().Add(checkTailsEvery)
	caughtUp := false
	for {
		if !caughtUp && len(r.behind) == 0 {
			caughtUp = true
			call(h.CaughtUp)
		}
		fetches := r.poll(ctx)
		if ctx.Err() != nil {
			return nil
		}
		var failed error
		fetches.EachError(func(topic string, partition int32, err error) {
			if topic == "" && errors.Is(err, context.DeadlineExceeded) {
				return // the deadline that poll has set
			}
			failed = errors.Join(failed, fmt.Errorf("fetch %s/%d: %w", topic, partition, err))
		})
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			if n := len(p.Records); n > 0 {
				h.Records(p.Records)
				last := p.Records[n-1]
				r.lag.Progress(p.Topic, p.Partition, last.Offset+1, last.Timestamp)
				r.reached(topicPartition{p.Topic, p.Partition}, last.Offset+1)
			}
		})
		call(h.Polled)
		if failed != nil {
			return failed
		}
		if err := r.checkTailsNow(ctx); err != nil {
			return err
		}
	}
}

// poll waits for records. While a partition is behind, it waits no longer than
// until the next check of the tails.
func (r *Reader) poll(ctx context.Context) kgo.Fetches {
	if len(r.behind) == 0 {
		return r.client.PollFetches(ctx)
	}
	ctx, cancel := context.WithDeadline(ctx, r.checkTails)
	defer cancel()
	return r.client.PollFetches(ctx)
}

// reached notes that all records of a partition before next are handled.
func (r *Reader) reached(tp topicPartition, next int64) {
	if len(r.behind) == 0 {
		return
	}
	p, ok := r.behind[tp]
	switch {
	case !ok:
	case next >= p.end:
		delete(r.behind, tp)
	default:
		p.next, p.moved = next, true
	}
}

func call(fn func()) {
	if fn != nil {
		fn()
	}
}
