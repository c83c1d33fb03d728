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

func TestBrokerServesOneLogOverTCPAndMemory(t *testing.T) {
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
	inMemory := kafka.Config{Brokers: parts.KafkaBrokers(), Dial: parts.KafkaDial(), SASL: parts.KafkaSASL()}
	overTCP := kafka.Config{Brokers: parts.KafkaBrokers(), SASL: parts.KafkaSASL()}
	if err := kafka.EnsureTopics(t.Context(), inMemory, kafka.TopicOptions{Partitions: 1, Replication: 1, MinISR: 1}); err != nil {
		t.Fatal(err)
	}
	value := make([]byte, 300<<10) // more than one write
	if _, err := rand.Read(value); err != nil {
		t.Fatal(err)
	}
	const topic = schemas.GameEvents
	for _, from := range []kafka.Config{inMemory, overTCP} {
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
	for _, to := range []kafka.Config{inMemory, overTCP} {
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
	conn, err := inMemory.Dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	closed = true
	if err := parts.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("a connection is open after the broker is closed")
	}
	if _, err := inMemory.Dial(t.Context(), "", ""); err == nil {
		t.Error("a closed broker accepts a connection")
	}
}
