package kafka

import (
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// Record is a message as it lies in the log, with its headers.
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

// Header gives a record's header, a piece of its fetch; nil if it has none of that
// name.
func Header(r *kgo.Record, name string) []byte {
	for _, h := range r.Headers {
		if h.Key == name {
			return h.Value
		}
	}
	return nil
}
