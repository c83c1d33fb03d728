package embedded_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/embedded"
	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// One log behind both doors, and none once it is closed.
func TestTheBrokerHasADoorThroughMemory(t *testing.T) {
	t.Parallel()
	parts, err := embedded.Start(t.Context(), embedded.Config{DataDir: t.TempDir(), Kafka: true})
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	defer func() {
		if !closed {
			_ = parts.Close(context.Background())
		}
	}()
	inside := kafka.Config{Brokers: parts.KafkaBrokers(), Dial: parts.KafkaDial()}
	outside := kafka.Config{Brokers: parts.KafkaBrokers()}
	if err := kafka.EnsureTopics(t.Context(), inside, kafka.TopicOptions{Partitions: 1, Replication: 1, MinISR: 1}); err != nil {
		t.Fatal(err)
	}
	value := make([]byte, 300<<10) // more than goes through at once
	if _, err := rand.Read(value); err != nil {
		t.Fatal(err)
	}
	const topic = schemas.GameEvents
	for _, from := range []kafka.Config{inside, outside} {
		producer, err := kafka.NewProducer(from)
		if err != nil {
			t.Fatal(err)
		}
		err = producer.SendRecords(t.Context(), &kgo.Record{Topic: topic, Key: []byte("k"), Value: value})
		producer.Close()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, to := range []kafka.Config{inside, outside} {
		client, err := kgo.NewClient(to.Opts()...)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		n := 0
		err = kafka.ReadPartition(t.Context(), client, topic, 0, time.UnixMilli(1), func(r *kgo.Record) error {
			if bytes.Equal(r.Value, value) {
				n++
			}
			return nil
		})
		if err != nil || n != 2 {
			t.Fatalf("%d of 2 records, %v", n, err)
		}
	}
	conn, err := inside.Dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	closed = true
	if err := parts.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("a connection outlives the broker")
	}
	if _, err := inside.Dial(t.Context(), "", ""); err == nil {
		t.Error("a closed broker lets somebody in")
	}
}
