package archive

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/retry"
	"tabiya/sinks/consumer"
)

// run is the state of one call of Sink.Run.
type run struct {
	cfg      settings
	ctx      context.Context
	metrics  *archiveMetrics
	consumer *consumer.Consumer
	producer *kafka.Producer
	store    *retry.Dependency
	kafka    *retry.Dependency
	encoders chan Encoder // not in use
	failed   chan error   // capacity 1
	idle     idleCheck

	background sync.WaitGroup
	pollMu     sync.Mutex
	cancelPoll context.CancelFunc

	mu      sync.Mutex // guards writers and their fields
	writers map[topicPartition]*partitionWriter
}

type topicPartition struct {
	topic     string
	partition int32
}

const (
	pollRecords = 10_000
	pollWait    = 250 * time.Millisecond
)

// loop consumes records into the partition writers until ctx ends or something
// fails.
func (r *run) loop(ctx context.Context) error {
	for {
		if err := r.resumeWriters(); err != nil {
			return err
		}
		r.startIdleCheck(ctx)
		if err := r.poll(ctx); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-r.failed:
			return err
		case state := <-r.idle.results:
			if err := r.sealIdleChunks(state); err != nil {
				return err
			}
		default:
		}
	}
}

// resumeWriters appends the backlog of paused writers, and resumes those that
// have room again.
func (r *run) resumeWriters() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range r.writers {
		if w.paused {
			if err := r.update(w, w.appendBacklog); err != nil {
				return err
			}
		}
	}
	return nil
}

// poll passes the next records to their writers. It returns early after wake.
func (r *run) poll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pollWait)
	defer cancel()
	r.pollMu.Lock()
	r.cancelPoll = cancel
	r.pollMu.Unlock()
	var failed error
	err := r.consumer.Poll(ctx, pollRecords, func(topic string, partition int32, records []*kgo.Record) {
		if err := r.dispatch(topic, partition, records); err != nil && failed == nil {
			failed = err
		}
	})
	if err != nil {
		return err
	}
	return failed
}

// wake ends the present poll, so that loop looks at its writers again.
func (r *run) wake() {
	r.pollMu.Lock()
	defer r.pollMu.Unlock()
	if r.cancelPoll != nil {
		r.cancelPoll()
	}
}

// fail makes loop return err.
func (r *run) fail(err error) {
	select {
	case r.failed <- err:
	default: // an earlier error is pending
	}
}

func (r *run) dispatch(topic string, partition int32, records []*kgo.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	w, owned := r.writers[topicPartition{topic, partition}]
	if !owned {
		return nil
	}
	last := records[len(records)-1]
	r.consumer.Progress(topic, partition, last.Offset+1, last.Timestamp)
	return r.update(w, func() error { return w.appendAll(records) })
}

// update changes a writer, then pauses or resumes its partition to match.
func (r *run) update(w *partitionWriter, change func() error) error {
	err := change()
	if blocked := w.blocked(); blocked != w.paused {
		w.paused = blocked
		if blocked {
			r.consumer.Pause(w.topic, w.partition)
		} else {
			r.consumer.Resume(w.topic, w.partition)
		}
	}
	return err
}

// assigned creates the writer of a partition, starting from the stored progress.
func (r *run) assigned(ctx context.Context, sink, topic string, partition int32) (next int64, ok bool, err error) {
	p := &progress{bucket: r.cfg.Bucket, key: ProgressKey(sink, topic, partition)}
	if err := r.store.Do(ctx, p.load); err != nil {
		return 0, false, err
	}
	w := &partitionWriter{
		topic: topic, partition: partition, limits: r.cfg.Limits, progress: p,
		dir: r.cfg.TempDir, waiting: r.metrics.waitingBytes, sealed: make(chan *sealedChunk, 1),
	}
	w.ctx, w.cancel = context.WithCancel(r.ctx)
	if p.stored != nil {
		next, ok = p.stored.NextOffset, true
		if p.stored.Decided != nil {
			w.decidedEnd = p.stored.Decided.Next
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.writers[topicPartition{topic, partition}]; old != nil {
		r.remove(old) // assigned again without having been revoked
	}
	r.writers[topicPartition{topic, partition}] = w
	r.background.Go(func() { r.archiveChunks(w) })
	return next, ok, nil
}

func (r *run) revoked(topic string, partition int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.writers[topicPartition{topic, partition}]; w != nil {
		r.remove(w)
	}
}

func (r *run) remove(w *partitionWriter) {
	w.close()
	delete(r.writers, topicPartition{w.topic, w.partition})
	if w.paused {
		r.consumer.Resume(w.topic, w.partition)
	}
}

// stop leaves the group, drops open chunks and waits for the background goroutines.
func (r *run) stop() {
	r.consumer.Leave()
	r.mu.Lock()
	for _, w := range r.writers {
		r.remove(w)
	}
	r.mu.Unlock()
	r.background.Wait()
}
