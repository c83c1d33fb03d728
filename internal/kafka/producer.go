package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

var (
	// ErrUnavailable: the broker did not acknowledge in time. Whether the
	// record is in the log is not known; sending the same command again is safe.
	ErrUnavailable = errors.New("kafka is unavailable")
	// ErrTooLarge: the record is bigger than MaxRecordBytes and was not sent.
	ErrTooLarge = errors.New("record is too large")
)

// MaxRecordBytes bounds a record's value. The broker's own limit, 1 MiB a
// batch, is a little above it.
const MaxRecordBytes = 900 << 10

// Limits of what waits in memory for the broker. At either one sending fails
// with ErrUnavailable instead of taking more.
const (
	maxBufferedRecords = 50_000
	maxBufferedBytes   = 64 << 20
)

// linger is how long a record waits for others of its partition. At half of full
// load batches would else be of one or two records, and a move would cost twice
// the processor time.
const linger = time.Millisecond

// fixedTime is every record's timestamp. The topics use broker time, so a
// broker overwrites it; one constant makes all deltas in a batch zero, which
// package brokertime relies on. It must not be zero: franz-go would put in the
// present.
func fixedTime() time.Time { return time.UnixMilli(1) }

// Producer sends records: acknowledged by all replicas, idempotent. Its methods may be called by many goroutines.
type Producer struct {
	client  *kgo.Client
	timeout time.Duration

	alive context.Context // done once the producer is closed
	kill  context.CancelFunc

	mu      sync.Mutex
	slot    context.Context // of the records sent just now
	slotEnd time.Time
}

// NewProducer makes a producer. It does not wait for the broker.
func NewProducer(cfg Config) (*Producer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(append(cfg.Opts(),
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerLinger(linger),
		kgo.ProducerBatchCompression(cfg.compression(), kgo.NoCompression()),
		kgo.ProducerBatchMaxBytes(1<<20),
		kgo.MaxBufferedRecords(maxBufferedRecords),
		kgo.MaxBufferedBytes(maxBufferedBytes),
		// A record whose time is up is given up even if it is on its way;
		// whether it arrived is not known then, which ErrUnavailable says.
		kgo.AllowIdempotentProduceCancellation(),
	)...)
	if err != nil {
		return nil, fmt.Errorf("make kafka producer: %w", err)
	}
	p := &Producer{client: client, timeout: cfg.sendTimeout()}
	p.alive, p.kill = context.WithCancel(context.Background())
	return p, nil
}

// Send sends the messages and waits until all are acknowledged. The order is
// kept within a partition. It returns within the config's SendTimeout: an error
// that matches ErrUnavailable then leaves open what reached the log.
func (p *Producer) Send(ctx context.Context, msgs ...schemas.Message) error {
	records := make([]*kgo.Record, len(msgs))
	for i, m := range msgs {
		records[i] = Record(m.Record())
	}
	return p.SendRecords(ctx, records...)
}

// SendRecords is Send for records that are made already.
func (p *Producer) SendRecords(ctx context.Context, records ...*kgo.Record) error {
	if len(records) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, ErrUnavailable)
	defer cancel()
	var (
		mu      sync.Mutex
		first   error
		pending = len(records)
		done    = make(chan struct{})
	)
	for _, r := range records {
		p.SendRecordAsync(r, func(err error) {
			mu.Lock()
			defer mu.Unlock()
			if first == nil {
				first = err
			}
			if pending--; pending == 0 {
				close(done)
			}
		})
	}
	select {
	case <-done:
		return first
	case <-ctx.Done():
		return fmt.Errorf("send to %s: %w", records[0].Topic, context.Cause(ctx))
	}
}

// SendAsync sends one message and calls done, if it is not nil, from another
// goroutine once it is acknowledged (nil) or given up, SendTimeout later at most.
// It does not block; done must not either.
func (p *Producer) SendAsync(m schemas.Message, done func(error)) {
	p.SendRecordAsync(Record(m.Record()), done)
}

// SendRecordAsync is SendAsync for a record that is made already. The record
// belongs to the producer until done is called.
func (p *Producer) SendRecordAsync(r *kgo.Record, done func(error)) {
	p.send(p.client.TryProduce, r, done)
}

// send hands a record to produce, which waits for room in the buffer or not.
func (p *Producer) send(produce func(context.Context, *kgo.Record, func(*kgo.Record, error)), r *kgo.Record, done func(error)) {
	if done == nil {
		done = func(error) {}
	}
	if len(r.Value) > MaxRecordBytes {
		done(fmt.Errorf("send to %s: %d bytes: %w", r.Topic, len(r.Value), ErrTooLarge))
		return
	}
	r.Timestamp = fixedTime()
	produce(p.deadline(), r, func(r *kgo.Record, err error) { done(sendError(r.Topic, err)) })
}

// deadline is the context that ends when a record sent now has waited too long.
// Records of the same eighth of the time-out share one, which saves a timer each.
// (franz-go's own delivery time-out counts from Record.Timestamp, which is fixed.)
func (p *Producer) deadline() context.Context {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.After(p.slotEnd) || p.slot == nil {
		var end context.CancelFunc
		p.slot, end = context.WithCancel(p.alive)
		p.slotEnd = now.Add(p.timeout / 8)
		time.AfterFunc(p.timeout, end)
	}
	return p.slot
}

// Abort gives up what is not acknowledged yet and refuses what comes after; what
// was not on its way yet is never sent.
func (p *Producer) Abort() { p.kill() }

// Close is Abort and disconnects.
func (p *Producer) Close() {
	p.kill()
	p.client.Close()
}

func (c Config) compression() kgo.CompressionCodec {
	if c.Uncompressed {
		return kgo.NoCompression()
	}
	return kgo.Lz4Compression()
}

// sendError sorts a produce error: what may pass by itself is ErrUnavailable.
func sendError(topic string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, kerr.MessageTooLarge):
		return fmt.Errorf("send to %s: %w: %w", topic, ErrTooLarge, err)
	case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
		return fmt.Errorf("send to %s: %w", topic, err)
	default:
		return fmt.Errorf("send to %s: %w: %w", topic, ErrUnavailable, err)
	}
}
