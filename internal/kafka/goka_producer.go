package kafka

import (
	"hash"
	"slices"
	"strings"

	"github.com/IBM/sarama"
	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"
)

// GokaProducer lets Goka send through p: acknowledged by all, idempotent and
// without Goka's 100 ms of gathering. Goka must not close p: its owner does,
// after Goka has stopped.
func GokaProducer(p *Producer) goka.ProducerBuilder {
	return func([]string, string, func() hash.Hash32) (goka.Producer, error) { return gokaProducer{p}, nil }
}

type gokaProducer struct{ p *Producer }

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
	// The same message is the same bytes each time it is sent.
	slices.SortFunc(r.Headers, func(a, b kgo.RecordHeader) int { return strings.Compare(a.Key, b.Key) })
	promise, finish := goka.NewPromiseWithFinisher()
	// A full buffer holds the processor back.
	g.p.send(g.p.client.Produce, r, func(err error) {
		if err != nil {
			g.p.Abort() // nothing later must get through where this one did not
		}
		finish(&sarama.ProducerMessage{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset}, err)
	})
	return promise
}

func (gokaProducer) Close() error { return nil }
