package archive

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/retry"
	"tabiya/sinks/intake"
)

// run is one call of Run.
type run struct {
	cfg      settings
	ctx      context.Context
	metrics  *metrics
	lag      *kafka.Lag
	intake   *intake.Intake
	producer *kafka.Producer
	store    *retry.Dependency
	kafka    *retry.Dependency
	encoders chan Encoder // the idle ones
	failed   chan error   // holds one
	looks    looks

	archiving sync.WaitGroup
	waking    sync.Mutex
	wakeup    context.CancelFunc

	mu    sync.Mutex // guards lanes and what is in them
	lanes map[topicPartition]*lane
}

type topicPartition struct {
	topic     string
	partition int32
}

const (
	pollRecords = 10_000
	pollWait    = 250 * time.Millisecond
)

func (r *run) loop(ctx context.Context) error {
	for {
		if err := r.settle(ctx); err != nil {
			return err
		}
		var failed error
		err := r.poll(ctx, func(topic string, partition int32, records []*kgo.Record) {
			if err := r.dispatch(topic, partition, records); err != nil && failed == nil {
				failed = err
			}
		})
		if err == nil {
			err = failed
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-r.failed:
			return err
		case l := <-r.looks.answers:
			err = r.closeIdle(l)
		default:
		}
		if err != nil {
			return err
		}
	}
}

// poll waits for records, but not for long, and not after wake.
func (r *run) poll(ctx context.Context, each func(string, int32, []*kgo.Record)) error {
	ctx, cancel := context.WithTimeout(ctx, pollWait)
	defer cancel()
	r.waking.Lock()
	r.wakeup = cancel
	r.waking.Unlock()
	return r.intake.Poll(ctx, pollRecords, each)
}

// wake makes the loop look at its lanes again.
func (r *run) wake() {
	r.waking.Lock()
	defer r.waking.Unlock()
	if r.wakeup != nil {
		r.wakeup()
	}
}

func (r *run) fail(err error) {
	select {
	case r.failed <- err:
	default: // an earlier failure is on its way
	}
}

func (r *run) dispatch(topic string, partition int32, records []*kgo.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, owned := r.lanes[topicPartition{topic, partition}]
	if !owned {
		return nil
	}
	last := records[len(records)-1]
	r.lag.Progress(topic, partition, last.Offset+1, last.Timestamp)
	return r.with(l, func() error { return l.offer(records) })
}

// with changes a lane, and pauses or resumes it as its room then is.
func (r *run) with(l *lane, change func() error) error {
	err := change()
	if stuck := l.stuck(); stuck != l.paused {
		l.paused = stuck
		if stuck {
			r.intake.Pause(l.topic, l.partition)
		} else {
			r.intake.Resume(l.topic, l.partition)
		}
	}
	return err
}

// settle goes on with the lanes that had no room, and asks for the broker's time
// if one may be idle.
func (r *run) settle(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lanes {
		if l.paused {
			if err := r.with(l, l.again); err != nil {
				return err
			}
		}
	}
	r.lookIfIdle(ctx)
	return nil
}

// taken opens a lane at the stored progress.
func (r *run) taken(ctx context.Context, sink, topic string, partition int32) (next int64, ok bool, err error) {
	p := &progress{bucket: r.cfg.Bucket, key: ProgressKey(sink, topic, partition)}
	if err := r.store.Do(ctx, p.load); err != nil {
		return 0, false, err
	}
	l := &lane{
		topic: topic, partition: partition, limits: r.cfg.Limits, progress: p,
		dir: r.cfg.TempDir, held: r.metrics.held, sealed: make(chan *sealedChunk, 1),
	}
	l.ctx, l.cancel = context.WithCancel(r.ctx)
	if p.stored != nil {
		next, ok = p.stored.NextOffset, true
		if p.stored.Cut != nil {
			l.until = p.stored.Cut.Next
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.lanes[topicPartition{topic, partition}]; old != nil {
		r.forget(old) // placed again without having been lost
	}
	r.lanes[topicPartition{topic, partition}] = l
	r.archiving.Go(func() { r.archive(l) })
	return next, ok, nil
}

func (r *run) lost(topic string, partition int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.lanes[topicPartition{topic, partition}]; l != nil {
		r.forget(l)
	}
}

func (r *run) forget(l *lane) {
	l.drop()
	delete(r.lanes, topicPartition{l.topic, l.partition})
	if l.paused {
		r.intake.Resume(l.topic, l.partition)
	}
}

// end drops what is open and leaves the group.
func (r *run) end() {
	r.intake.Leave()
	r.mu.Lock()
	for _, l := range r.lanes {
		r.forget(l)
	}
	r.mu.Unlock()
	r.archiving.Wait()
}
