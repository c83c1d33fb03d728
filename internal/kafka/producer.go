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
	// ErrUnavailable means that the broker did not acknowledge in time. The record
	// may or may not be in the log; sending the same command again is safe.
	ErrUnavailable = errors.New("kafka is unavailable")
	// ErrTooLarge means that the record is larger than MaxRecordBytes and was not
	// sent.
	ErrTooLarge = errors.New("record is too large")
)

// MaxRecordBytes is the maximum size of a record's value. It is a little less than
// maxBatchBytes.
const MaxRecordBytes = 900 << 10

// maxBatchBytes is the maximum size of a batch, which every topic must accept.
const maxBatchBytes = 1 << 20

// Limits of the records that wait in memory for the broker. At either limit,
// sending fails with ErrUnavailable.
const (
	maxBufferedRecords = 50_000
	maxBufferedBytes   = 64 << 20
)

// linger is how long a record waits for others of its partition. Without it,
// batches at half load would have one or two records, and a move would cost twice
// the CPU time.
const linger = time.Millisecond

// fixedTime is the timestamp of every record that is sent. The topics use
// LogAppendTime, so a broker overwrites it. A constant makes all timestamp deltas
// in a batch zero, which package brokertime relies on. It is not the zero time,
// which franz-go would replace by the present.
func fixedTime() time.Time { return time.UnixMilli(1) }

// Producer is an idempotent producer with acks=all. It is safe for concurrent use.
type Producer struct {
	client  *kgo.Client
	timeout time.Duration
	counts  Counts // nil: of the topics as they are now

	ctx    context.Context // done once the producer is aborted or closed
	cancel context.CancelFunc

	mu          sync.Mutex
	sharedCtx   context.Context // of all records sent before sharedUntil; see deadline
	sharedUntil time.Time
}

// NewProducer makes a producer that spreads keys over the partitions that topics have
// now. Tests and tools use it. It does not connect yet.
func NewProducer(cfg Config) (*Producer, error) { return NewProducerFor(cfg, nil) }

// NewProducerFor makes a producer that spreads the keys of an aggregate's topics over
// as many partitions as counts says. Sending to such a topic fails with ErrUnavailable
// while counts returns an error. It does not connect yet.
func NewProducerFor(cfg Config, counts Counts) (*Producer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	opts := cfg.Opts()
	if counts != nil {
		opts = append(opts, kgo.RecordPartitioner(topologyPartitioner{Partitioner(), counts}))
	}
	client, err := kgo.NewClient(append(opts,
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.ProducerLinger(linger),
		kgo.ProducerBatchCompression(cfg.compression(), kgo.NoCompression()),
		kgo.ProducerBatchMaxBytes(maxBatchBytes),
		kgo.MaxBufferedRecords(maxBufferedRecords),
		kgo.MaxBufferedBytes(maxBufferedBytes),
		// Give a record up at its deadline even if its request is in flight. It
		// may still arrive, as ErrUnavailable documents.
		kgo.AllowIdempotentProduceCancellation(),
	)...)
	if err != nil {
		return nil, fmt.Errorf("make kafka producer: %w", err)
	}
	p := &Producer{client: client, timeout: cfg.sendTimeout(), counts: counts}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p, nil
}

// Send sends the messages and waits until all are acknowledged. Messages of one
// partition keep their order. It returns within the config's SendTimeout. After an
// ErrUnavailable, any of the messages may be in the log.
func (p *Producer) Send(ctx context.Context, msgs ...schemas.Message) error {
	records := make([]*kgo.Record, len(msgs))
	for i, m := range msgs {
		records[i] = Record(m.Record())
	}
	return p.SendRecords(ctx, records...)
}

// SendRecords is Send for records.
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

// SendAsync sends one message without blocking. done, if it is not nil, is called
// from another goroutine when the message is acknowledged (nil) or given up, after
// SendTimeout at the latest. done must not block.
func (p *Producer) SendAsync(m schemas.Message, done func(error)) {
	p.SendRecordAsync(Record(m.Record()), done)
}

// SendRecordAsync is SendAsync for a record. Do not touch the record until done is
// called.
func (p *Producer) SendRecordAsync(r *kgo.Record, done func(error)) {
	p.send(p.deadline(), p.client.TryProduce, r, done)
}

// SendPatiently is SendAsync without a time limit: the message waits until its partition
// can be written or the producer is aborted. A limit would fail the messages that wait
// behind it, too.
func (p *Producer) SendPatiently(m schemas.Message, done func(error)) {
	p.SendRecordPatiently(Record(m.Record()), done)
}

// SendRecordPatiently is SendPatiently for a record.
func (p *Producer) SendRecordPatiently(r *kgo.Record, done func(error)) {
	p.send(p.ctx, p.client.TryProduce, r, done)
}

// send calls produce, which is kgo's Produce or TryProduce. The record is given up when
// ctx is done.
func (p *Producer) send(ctx context.Context, produce func(context.Context, *kgo.Record, func(*kgo.Record, error)), r *kgo.Record, done func(error)) {
	if done == nil {
		done = func(error) {}
	}
	if len(r.Value) > MaxRecordBytes {
		done(fmt.Errorf("send to %s: %d bytes: %w", r.Topic, len(r.Value), ErrTooLarge))
		return
	}
	if err := p.checkTopic(r.Topic); err != nil {
		done(fmt.Errorf("send to %s: %w: %w", r.Topic, ErrUnavailable, err))
		return
	}
	r.Timestamp = fixedTime()
	produce(ctx, r, func(r *kgo.Record, err error) {
		if errors.Is(err, kerr.UnknownTopicID) {
			// The topic was created again. The client would ask for the old id for ever.
			go p.client.PurgeTopicsFromProducing(r.Topic)
		}
		done(sendError(r.Topic, err))
	})
}

// deadline returns a context that ends about SendTimeout from now. Records sent
// within an eighth of SendTimeout share one, which saves a timer per record.
// (franz-go's own delivery timeout counts from Record.Timestamp, which is fixed.)
func (p *Producer) deadline() context.Context {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.After(p.sharedUntil) || p.sharedCtx == nil {
		var expire context.CancelFunc
		p.sharedCtx, expire = context.WithCancel(p.ctx)
		p.sharedUntil = now.Add(p.timeout / 8)
		time.AfterFunc(p.timeout, expire)
	}
	return p.sharedCtx
}

// Abort fails all records that are not acknowledged yet, and all that are sent
// later. Records that were not yet in a request are never sent.
func (p *Producer) Abort() { p.cancel() }

// Close aborts and disconnects.
func (p *Producer) Close() {
	p.cancel()
	p.client.Close()
}

func (c Config) compression() kgo.CompressionCodec {
	if c.Uncompressed {
		return kgo.NoCompression()
	}
	return kgo.Lz4Compression()
}

// sendError wraps a produce error. Errors that may go away by themselves become
// ErrUnavailable.
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
