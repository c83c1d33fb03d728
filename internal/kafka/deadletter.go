package kafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// Limits that leave room for a value of MaxRecordBytes in the same record.
const (
	maxReason  = 1000
	maxDeadKey = 4 << 10
)

// DeadLetter returns the record for topic's dead-letter topic that stands for a
// record that cannot be decoded: its key and value, truncated if they do not fit,
// with headers for the reason and the source, "topic/partition/offset".
func DeadLetter(topic string, partition int32, offset int64, key, value []byte, cause error) *kgo.Record {
	reason := cause.Error()
	return &kgo.Record{
		Topic: schemas.DeadLetter(topic),
		Key:   append([]byte(nil), key[:min(len(key), maxDeadKey)]...),
		Value: append([]byte(nil), value[:min(len(value), MaxRecordBytes)]...), // a null value stays null
		Headers: []kgo.RecordHeader{
			{Key: schemas.HeaderReason, Value: []byte(reason[:min(len(reason), maxReason)])},
			{Key: schemas.HeaderSource, Value: fmt.Appendf(nil, "%s/%d/%d", topic, partition, offset)},
		},
	}
}
