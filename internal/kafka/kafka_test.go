package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/schemas"
)

func command(key string, n int64) schemas.Command {
	return schemas.Command{
		ID: schemas.DerivedID(key, "test", n), Type: schemas.Resign, Key: key, Region: "eu", Actor: schemas.ActorSystem,
	}
}

func TestSentMessagesAreReadBackWithBrokerTimeOnTheirPartition(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, 3)
	producer, err := kafka.NewProducer(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	before := time.Now().Add(-time.Second)
	const n = 300
	var msgs []schemas.Message
	for i := range n {
		msgs = append(msgs, command(fmt.Sprint("game-", i%7), int64(i)))
	}
	if err := producer.Send(t.Context(), msgs...); err != nil {
		t.Fatal(err)
	}
	got := 0
	err = kafka.ReadAll(t.Context(), cluster.Config, schemas.GameCommands, func(r *kgo.Record) error {
		got++
		if r.Timestamp.Before(before) || r.Timestamp.After(time.Now().Add(time.Second)) {
			return fmt.Errorf("offset %d has timestamp %s, which is not the broker's", r.Offset, r.Timestamp)
		}
		if want := kafka.PartitionOf(string(r.Key), 3); r.Partition != want {
			return fmt.Errorf("key %s is in partition %d, not %d", r.Key, r.Partition, want)
		}
		return nil
	})
	if err != nil || got != n {
		t.Fatalf("read %d of %d records: %v", got, n, err)
	}
	client, err := kgo.NewClient(cluster.Config.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for p := range int32(3) {
		seen := 0
		err := kafka.ReadPartition(t.Context(), client, schemas.GameCommands, p, before, func(r *kgo.Record) error {
			seen++
			return nil
		})
		if err != nil || (p == kafka.PartitionOf("game-0", 3) && seen == 0) {
			t.Fatalf("partition %d: %d records, %v", p, seen, err)
		}
	}
}

func TestReadAllReturnsErrorOfCallbackAndEndsOnEmptyTopic(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, 2)
	if err := kafka.ReadAll(t.Context(), cluster.Config, schemas.GameEvents, func(*kgo.Record) error { return nil }); err != nil {
		t.Fatal(err)
	}
	producer, err := kafka.NewProducer(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	if err := producer.Send(t.Context(), command("a", 1)); err != nil {
		t.Fatal(err)
	}
	errStop := errors.New("stop")
	if err := kafka.ReadAll(t.Context(), cluster.Config, schemas.GameCommands, func(*kgo.Record) error { return errStop }); !errors.Is(err, errStop) {
		t.Fatalf("got %v", err)
	}
}

// sendWithRetries sends a command and retries, because a busy machine may need longer for
// a first send than the producer's timeout.
func sendWithRetries(t *testing.T, producer *kafka.Producer, c schemas.Command) {
	t.Helper()
	eventually.NoError(t, "send", func() error { return producer.Send(t.Context(), c) })
}

func TestSendToUnreachableBrokerFailsInTimeAndWorksAfterItsReturn(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, 1)
	cluster.RequireFake(t)
	cfg := cluster.Config
	cfg.SendTimeout = 300 * time.Millisecond
	producer, err := kafka.NewProducer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	sendWithRetries(t, producer, command("a", 1))
	cluster.Down()
	start := time.Now()
	if err := producer.Send(t.Context(), command("a", 2)); !errors.Is(err, kafka.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Fatalf("the send failed only after %s", took)
	}
	if err := kafka.Ping(t.Context(), cfg); err == nil {
		t.Fatal("an unreachable broker answered a ping")
	}
	cluster.Up()
	sendWithRetries(t, producer, command("a", 3))
	if err := kafka.Ping(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
}

func TestTooLargeRecordIsRefusedAndTheNextIsSent(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, 1)
	producer, err := kafka.NewProducer(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	big := command("a", 1)
	big.Type, big.Payload = schemas.PlayMove, &schemas.PlayMovePayload{UCI: strings.Repeat("x", kafka.MaxRecordBytes)}
	if err := producer.Send(t.Context(), big); !errors.Is(err, kafka.ErrTooLarge) {
		t.Fatalf("got %v", err)
	}
	if err := producer.Send(t.Context(), command("a", 2)); err != nil {
		t.Fatal(err)
	}
}

func TestEnsureTopicsSucceedsTwiceAndRefusesMismatch(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, 2)
	same := kafka.TopicOptions{Partitions: 2, Replication: 1, MinISR: 1}
	if err := kafka.EnsureTopics(t.Context(), cluster.Config, same); err != nil {
		t.Fatal(err)
	}
	more := same
	more.Partitions = 3
	replicated := kafka.TopicOptions{Partitions: same.Partitions, Replication: 3, MinISR: 2}
	if err := kafka.EnsureTopics(t.Context(), cluster.Config, replicated); err == nil || !strings.Contains(err.Error(), "not 3") || !strings.Contains(err.Error(), "min.insync.replicas=1, not 2") {
		t.Fatalf("one replica instead of three: %v", err)
	}
	if err := kafka.EnsureTopics(t.Context(), cluster.Config, more); err == nil || !strings.Contains(err.Error(), "partitions=2, not 3") {
		t.Fatalf("got %v", err)
	}

	client, err := kgo.NewClient(cluster.Config.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := adm.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: "message.timestamp.type", Value: new("CreateTime")}}, schemas.GameEvents); err != nil {
		t.Fatal(err)
	}
	if err := kafka.EnsureTopics(t.Context(), cluster.Config, same); err == nil || !strings.Contains(err.Error(), "message.timestamp.type=CreateTime") {
		t.Fatalf("got %v", err)
	}
}

// The connections stay open, but the broker does not answer.
func TestSendToHangingBrokerFailsInTimeAndWorksAfterwards(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, 1)
	cluster.RequireFake(t)
	cfg := cluster.Config
	cfg.SendTimeout = 300 * time.Millisecond
	producer, err := kafka.NewProducer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	sendWithRetries(t, producer, command("a", 1))
	restore := cluster.Hang(int16(kmsg.Produce))
	ended := make(chan error, 2)
	producer.SendAsync(command("a", 2), func(err error) { ended <- err })
	producer.SendAsync(command("a", 3), func(err error) { ended <- err })
	for range 2 {
		select {
		case err := <-ended:
			if !errors.Is(err, kafka.ErrUnavailable) {
				t.Fatalf("got %v", err)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("a send did not return")
		}
	}
	restore()
	sendWithRetries(t, producer, command("a", 4))
}
