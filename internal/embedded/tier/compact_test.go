package tier

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"
)

// compact compacts all files of the tier, whatever their size.
func (b *broker) compact(topic string) {
	b.t.Helper()
	b.sweep()
	p := b.tier.lookup(topicPartition{topic, 0})
	if err := p.rewrite(b.t.Context(), p.tierFiles(), time.Now().UnixMilli()-deleteRetention.Milliseconds()); err != nil {
		b.t.Fatal(err)
	}
}

func TestCompactionKeepsTheLastRecordOfEachKeyAtItsOffset(t *testing.T) {
	t.Parallel()
	for _, compression := range []kgo.CompressionCodec{kgo.NoCompression(), kgo.SnappyCompression(), kgo.ZstdCompression()} {
		b := startBroker(t, t.TempDir())
		b.create("table", 1, map[string]string{"cleanup.policy": "compact"})
		c := b.client(kgo.ProducerBatchCompression(compression))
		last := make(map[string]kgo.Record)
		random := rand.New(rand.NewPCG(1, 2))
		const n = 2000
		write := func(from, to int) {
			for i := from; i < to; i++ {
				r := &kgo.Record{
					Topic: "table", Key: strconv.AppendInt(nil, random.Int64N(60), 10), Timestamp: at(i),
					Value:   fmt.Appendf(nil, "%d %0*d", i, random.IntN(200), i),
					Headers: []kgo.RecordHeader{{Key: "n", Value: strconv.AppendInt(nil, int64(i), 10)}},
				}
				if err := c.ProduceSync(t.Context(), r).FirstErr(); err != nil {
					t.Fatal(err)
				}
				last[string(r.Key)] = *r
			}
		}
		write(0, n/2)
		b.compact("table")
		write(n/2, n)
		b.compact("table")
		b.compact("table") // changes nothing
		if err := c.ProduceSync(t.Context(), &kgo.Record{Topic: "table", Key: []byte("end"), Timestamp: at(n)}).FirstErr(); err != nil {
			t.Fatal(err)
		}

		for _, broker := range []*broker{b, b.restartAfterKill()} {
			got := make(map[string]*kgo.Record)
			records := broker.read("table", 0, 0)
			for _, r := range records {
				got[string(r.Key)] = r
			}
			if len(records) > 300 {
				t.Errorf("%d of %d records are left", len(records), n)
			}
			for key, want := range last {
				r := got[key]
				if r == nil || r.Offset != want.Offset || string(r.Value) != string(want.Value) ||
					!r.Timestamp.Equal(want.Timestamp) || string(r.Headers[0].Value) != string(want.Headers[0].Value) {
					t.Fatalf("key %s: %+v, want %+v", key, r, want)
				}
			}
			// A reader at a removed offset continues after it.
			for from := int64(0); from < n; from += 97 {
				for _, r := range broker.read("table", 0, from) {
					if got[string(r.Key)] == nil {
						t.Fatalf("from %d: %+v", from, r)
					}
				}
			}
		}
	}
}

func TestTombstonesAreRemovedAfterTheDeleteRetention(t *testing.T) {
	t.Parallel()
	b := startBroker(t, t.TempDir())
	b.create("table", 1, map[string]string{"cleanup.policy": "compact"})
	c := b.client()
	put := func(key, value string, when time.Time) {
		r := &kgo.Record{Topic: "table", Key: []byte(key), Timestamp: when}
		if value != "" {
			r.Value = []byte(value)
		}
		if err := c.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	put("old", "value", at(0))
	put("old", "", at(1))
	put("new", "value", time.Now())
	put("new", "", time.Now())
	b.write("table", 0, 4, 100, unique)
	b.compact("table")
	keys := make(map[string]int)
	for _, r := range b.read("table", 0, 0) {
		if n, err := strconv.Atoi(string(r.Key)); err != nil {
			keys[string(r.Key)]++
		} else if n < 4 {
			t.Errorf("unexpected %+v", r)
		}
	}
	if !maps.Equal(keys, map[string]int{"new": 1}) {
		t.Errorf("tombstones left: %v", keys)
	}
}

// Compaction replaces several files by one. A kill in between leaves some of the old
// files.
func TestKillDuringCompactionLosesNoRecord(t *testing.T) {
	t.Parallel()
	b := startBroker(t, t.TempDir())
	b.create("table", 1, map[string]string{"cleanup.policy": "compact"})
	b.write("table", 0, 0, 300, func(i int) string { return strconv.Itoa(i % 40) })
	b.sweep()
	p := b.tier.lookup(topicPartition{"table", 0})
	before := p.tierFiles()
	saved := t.TempDir()
	if err := os.CopyFS(saved, os.DirFS(p.dir)); err != nil {
		t.Fatal(err)
	}
	b.compact("table")
	rows := func(b *broker) map[string]string {
		got := make(map[string]string)
		for _, r := range b.read("table", 0, 0) {
			got[string(r.Key)] = string(r.Value)
		}
		return got
	}
	want := rows(b)
	if len(want) != 40 {
		t.Fatalf("%d rows", len(want))
	}
	for n := range before { // killed before the last n+1 old files were removed
		bytes, err := os.ReadFile(filepath.Join(saved, filepath.Base(before[len(before)-1-n].path)))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(before[len(before)-1-n].path, bytes, 0o644); err != nil {
			t.Fatal(err)
		}
		if got := rows(b.restartAfterKill()); !maps.Equal(got, want) {
			t.Fatalf("with %d old files left: %d rows", n+1, len(got))
		}
	}
}

// sarama, with which the processors read, expects an answer for every partition that it
// named.
func TestSaramaReadsTheWholeLog(t *testing.T) {
	t.Parallel()
	b := startBroker(t, t.TempDir())
	b.create("log", 2, nil)
	b.write("log", 0, 0, 400, unique)
	b.write("log", 1, 0, 3, unique) // all of them in the broker
	b.sweep()
	config := sarama.NewConfig()
	config.Version = sarama.V2_8_0_0
	consumer, err := sarama.NewConsumer(b.ListenAddrs(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer consumer.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for partition, n := range map[int32]int{0: 400, 1: 3} {
		c, err := consumer.ConsumePartition("log", partition, sarama.OffsetOldest)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for i := range n {
			select {
			case m := <-c.Messages():
				if m.Offset != int64(i) || string(m.Value) != fmt.Sprintf("value %06d", i) || !m.Timestamp.Equal(at(i)) {
					t.Fatalf("record %d is %+v", i, m)
				}
			case <-ctx.Done():
				t.Fatalf("partition %d: no record %d", partition, i)
			}
		}
	}
}
