package realkafka_test

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka/realkafka"
)

func TestClusterWritesWithTwoOfThreeBrokersAndNotWithOne(t *testing.T) {
	t.Parallel()
	cluster := realkafka.StartCluster(t, 3)
	ctx := t.Context()
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.Brokers()...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DefaultProduceTopic("t"),
		kgo.AllowIdempotentProduceCancellation())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	isr := "2"
	if _, err := kadm.NewClient(client).CreateTopic(ctx, 3, 3, map[string]*string{"min.insync.replicas": &isr}, "t"); err != nil {
		t.Fatal(err)
	}
	write := func(when string) {
		t.Helper()
		for p := range 3 {
			r := &kgo.Record{Partition: int32(p), Value: []byte(when)}
			if err := client.ProduceSync(ctx, r).FirstErr(); err != nil {
				t.Fatalf("%s: %v", when, err)
			}
		}
	}
	write("three brokers")
	cluster.Broker(0).Stop()
	write("one stopped")
	cluster.Broker(1).Kill()

	short, end := context.WithTimeout(ctx, 2*time.Second)
	defer end()
	if err := client.ProduceSync(short, kgo.StringRecord("one broker")).FirstErr(); err == nil {
		t.Fatal("a record was acknowledged by one of three brokers, with min-ISR 2")
	}

	cluster.Broker(1).Launch()
	cluster.Broker(0).Restart()
	cluster.Broker(1).Wait()
	cluster.WaitInSync(ctx)
	write("three brokers again")
}
