package kafka

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// Record returns the Kafka record of a message, with its headers.
func Record(r schemas.Record) *kgo.Record {
	return &kgo.Record{
		Topic: r.Topic,
		Key:   []byte(r.Key),
		Value: r.Value,
		Headers: []kgo.RecordHeader{
			{Key: schemas.HeaderType, Value: []byte(r.Type)},
			{Key: schemas.HeaderRegion, Value: []byte(r.Region)},
		},
	}
}

// Header returns the value of a record's header, nil if there is none. The value
// shares memory with the whole fetch: copy it to keep it.
func Header(r *kgo.Record, name string) []byte {
	for _, h := range r.Headers {
		if h.Key == name {
			return h.Value
		}
	}
	return nil
}
