package kafka

import (
	"hash"
	"slices"
	"strings"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"
)

// GokaProducer returns a producer for Goka that sends through p: idempotent, with
// acks=all, and without the 100 ms for which Goka's own producer collects records.
// The caller closes p after Goka has stopped; Goka's Close does nothing. onSend is
// called before each record is sent. What it returns, if not nil, is called with the
// record's offset when it is acknowledged, or with why it was given up.
func GokaProducer(p *Producer, onSend func(topic, key string) (acknowledged func(offset int64, err error))) goka.ProducerBuilder {
	return func([]string, string, func() hash.Hash32) (goka.Producer, error) { return gokaProducer{p, onSend}, nil }
}

type gokaProducer struct {
	p      *Producer
	onSend func(topic, key string) (acknowledged func(offset int64, err error))
}

func (g gokaProducer) Emit(topic, key string, value []byte) *goka.Promise {
	return g.EmitWithHeaders(topic, key, value, nil)
}

func (g gokaProducer) EmitWithHeaders(topic, key string, value []byte, headers goka.Headers) *goka.Promise {
	r := &kgo.Record{Topic: topic, Key: []byte(key), Value: value}
	if len(headers) > 0 {
		r.Headers = make([]kgo.RecordHeader, 0, len(headers))
	}
	for name, value := range headers {
		r.Headers = append(r.Headers, kgo.RecordHeader{Key: name, Value: value})
	}
	// Map iteration order must not change the record's bytes.
	slices.SortFunc(r.Headers, func(a, b kgo.RecordHeader) int { return strings.Compare(a.Key, b.Key) })
	promise, finish := goka.NewPromiseWithFinisher()
	acknowledged := g.onSend(topic, key)
	// Produce blocks while the buffer is full, which slows the processor down. There is
	// no deadline: while a partition cannot be written, its records wait, in order, and
	// the other partitions go on. The session ends the wait with Abort.
	g.p.send(g.p.ctx, g.p.client.Produce, r, func(err error) {
		if err != nil {
			g.p.Abort() // no later record may get through after this one failed
		}
		if acknowledged != nil {
			acknowledged(r.Offset, err)
		}
		finish(&sarama.ProducerMessage{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset}, err)
	})
	return promise
}

func (gokaProducer) Close() error { return nil }
