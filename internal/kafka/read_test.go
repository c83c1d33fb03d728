package kafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/schemas"
)

// A transaction ends with a marker, which takes an offset but is no record.
func TestReadEndsAtMarkers(t *testing.T) {
	t.Parallel()
	c := kafkatest.Start(t, 1)
	record := func() *kgo.Record {
		return &kgo.Record{Topic: schemas.GameEvents, Key: []byte("g"), Value: []byte("x")}
	}
	c.Transact(t, kgo.TryCommit, record(), record())
	c.Transact(t, kgo.TryAbort, record())
	client, err := kgo.NewClient(c.Config.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for from, want := range map[int64]int{0: 3, 2: 1, 4: 0} {
		read := 0
		if err := kafka.ReadRange(ctx, client, schemas.GameEvents, 0, from, 5, func(r *kgo.Record) error {
			if string(r.Value) != "x" {
				t.Errorf("offset %d: %q", r.Offset, r.Value)
			}
			read++
			return nil
		}); err != nil || read != want {
			t.Errorf("read %d records from offset %d on, want %d: %v", read, from, want, err)
		}
	}
}
