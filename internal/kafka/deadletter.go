package kafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// What fits into a dead letter beside a value of MaxRecordBytes.
const (
	maxReason  = 1000
	maxDeadKey = 4 << 10
)

// DeadLetter is what a record that cannot be decoded becomes on its topic's
// dead-letter topic: itself, as far as it fits, with the reason and its place.
func DeadLetter(topic string, partition int32, offset int64, key, value []byte, why error) *kgo.Record {
	reason := why.Error()
	return &kgo.Record{
		Topic: schemas.DeadLetter(topic),
		Key:   append([]byte(nil), key[:min(len(key), maxDeadKey)]...),
		Value: append([]byte(nil), value[:min(len(value), MaxRecordBytes)]...), // nothing stays null
		Headers: []kgo.RecordHeader{
			{Key: schemas.HeaderReason, Value: []byte(reason[:min(len(reason), maxReason)])},
			{Key: schemas.HeaderSource, Value: fmt.Appendf(nil, "%s/%d/%d", topic, partition, offset)},
		},
	}
}
