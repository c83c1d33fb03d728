package brokertime_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka/brokertime"
)

const topic = "t"

func start(t *testing.T, dir string, now func() time.Time) *kfake.Cluster {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DataDir(dir), kfake.SeedTopics(1, topic))
	if err != nil {
		t.Fatal(err)
	}
	brokertime.InstallClock(cluster, now)
	return cluster
}

func client(t *testing.T, c *kfake.Cluster, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(append(opts, kgo.SeedBrokers(c.ListenAddrs()...))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func produce(t *testing.T, cl *kgo.Client, n int) {
	t.Helper()
	for range n {
		r := &kgo.Record{Topic: topic, Value: make([]byte, 2000), Timestamp: time.UnixMilli(1)}
		if err := cl.ProduceSync(context.Background(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// read returns the timestamps of the first n records. franz-go and sarama, which
// both verify checksums, must agree on them.
func read(t *testing.T, c *kfake.Cluster, n int) []time.Time {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cl := client(t, c, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	var times []time.Time
	for len(times) < n {
		fetches := cl.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		for _, r := range fetches.Records() {
			times = append(times, r.Timestamp)
		}
	}
	consumer, err := sarama.NewConsumer(c.ListenAddrs(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	partition, err := consumer.ConsumePartition(topic, 0, sarama.OffsetOldest)
	if err != nil {
		t.Fatal(err)
	}
	defer partition.Close()
	for i := range n {
		select {
		case m := <-partition.Messages():
			if !m.Timestamp.Equal(times[i]) {
				t.Fatalf("record %d: sarama sees %s, franz-go %s", i, m.Timestamp, times[i])
			}
		case <-ctx.Done():
			t.Fatalf("sarama saw %d of %d records", i, n)
		}
	}
	return times
}

func TestRecordsKeepBrokerTimeAfterRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var clock atomic.Int64
	clock.Store(1_000_000)
	now := func() time.Time { return time.UnixMilli(clock.Add(7)) }
	cluster := start(t, dir, now)
	for _, codec := range []kgo.CompressionCodec{kgo.NoCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()} {
		produce(t, client(t, cluster, kgo.ProducerBatchCompression(codec)), 3)
	}
	before := read(t, cluster, 9)
	cluster.Close()

	restarted := start(t, dir, now)
	defer restarted.Close()
	after := read(t, restarted, 9)
	for i := range before {
		if !before[i].Equal(after[i]) || before[i].UnixMilli() < 1_000_000 {
			t.Fatalf("record %d: %s before the restart, %s after it", i, before[i], after[i])
		}
	}
	listed, err := kadm.NewClient(client(t, restarted)).ListOffsetsAfterMilli(t.Context(), before[5].UnixMilli(), topic)
	if err != nil {
		t.Fatal(err)
	}
	if o, _ := listed.Lookup(topic, 0); o.Offset != 5 {
		t.Fatalf("the first record at or after the time of record 5 is %d", o.Offset)
	}
}

func TestBrokerTimeNeverGoesBackWhenClockDoes(t *testing.T) {
	t.Parallel()
	var clock atomic.Int64
	clock.Store(2_000_000)
	cluster := start(t, t.TempDir(), func() time.Time { return time.UnixMilli(clock.Add(-1000)) })
	defer cluster.Close()
	produce(t, client(t, cluster), 5)
	times := read(t, cluster, 5)
	for i := 1; i < len(times); i++ {
		if times[i].Before(times[i-1]) {
			t.Fatalf("record %d has timestamp %s, the one before it %s", i, times[i], times[i-1])
		}
	}
}
