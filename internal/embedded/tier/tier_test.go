package tier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// broker is kfake with a tier and tiny segments. Tests call Sweep.
type broker struct {
	*kfake.Cluster
	tier *Tier
	dir  string
	t    *testing.T
}

func startBroker(t *testing.T, dir string) *broker {
	t.Helper()
	configs := BrokerConfigs()
	configs["log.segment.bytes"] = "2000"
	brokerDir := filepath.Join(dir, "hot")
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DataDir(brokerDir), kfake.BrokerConfigs(configs), kfake.MaxVersions(Versions()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	tier, err := New(c, Config{BrokerDir: brokerDir, Dir: filepath.Join(dir, "older"), Logger: slog.New(slog.DiscardHandler), Settle: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	return &broker{c, tier, dir, t}
}

// restartAfterKill starts a broker with the files that b would leave if it were killed
// now.
func (b *broker) restartAfterKill() *broker {
	b.t.Helper()
	dir := b.t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(b.dir)); err != nil {
		b.t.Fatal(err)
	}
	return startBroker(b.t, dir)
}

// sweep sweeps twice: the second sweep deletes from kfake what the first has linked.
func (b *broker) sweep() {
	b.t.Helper()
	for range 2 {
		if err := b.tier.Sweep(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *broker) client(opts ...kgo.Opt) *kgo.Client {
	b.t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(b.ListenAddrs()...))...)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(c.Close)
	return c
}

func (b *broker) create(topic string, partitions int32, configs map[string]string) {
	b.t.Helper()
	set := make(map[string]*string)
	for k, v := range configs {
		set[k] = &v
	}
	if _, err := kadm.NewClient(b.client()).CreateTopic(b.t.Context(), partitions, 1, set, topic); err != nil {
		b.t.Fatal(err)
	}
}

// at returns the time of record number i.
func at(i int) time.Time { return time.UnixMilli(1_700_000_000_000 + int64(i)*10) }

// write produces the records with the numbers from up to but not including to, in
// batches of one to three, to one partition.
func (b *broker) write(topic string, partition int32, from, to int, key func(int) string) {
	b.t.Helper()
	c := b.client(kgo.RecordPartitioner(kgo.ManualPartitioner()))
	for i := from; i < to; {
		var batch []*kgo.Record
		for range 1 + i%3 {
			if i == to {
				break
			}
			r := &kgo.Record{Topic: topic, Partition: partition, Key: []byte(key(i)), Value: fmt.Appendf(nil, "value %06d", i), Timestamp: at(i)}
			if i%7 == 0 {
				r.Headers = []kgo.RecordHeader{{Key: "h", Value: []byte("v")}}
			}
			batch = append(batch, r)
			i++
		}
		if err := c.ProduceSync(b.t.Context(), batch...).FirstErr(); err != nil {
			b.t.Fatal(err)
		}
	}
}

func unique(i int) string { return strconv.Itoa(i) }

// read consumes a partition from an offset to its end.
func (b *broker) read(topic string, partition int32, from int64) []*kgo.Record {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 20*time.Second)
	defer cancel()
	end := b.PartitionInfo(topic, partition).HighWatermark
	c := b.client(kgo.FetchMaxPartitionBytes(1500), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
		topic: {partition: kgo.NewOffset().At(from)},
	}))
	var got []*kgo.Record
	for next := from; next < end; {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			b.t.Fatalf("read %s/%d from %d, now at %d of %d: %v", topic, partition, from, next, end, err)
		}
		for r := range fetches.RecordsAll() {
			if r.Offset < next {
				b.t.Fatalf("offset %d after %d", r.Offset, next-1)
			}
			next = r.Offset + 1
			got = append(got, r)
		}
	}
	return got
}

// check checks that got are the records with the numbers from up to but not including
// to.
func check(t *testing.T, got []*kgo.Record, from, to int) {
	t.Helper()
	if len(got) != to-from {
		t.Fatalf("%d records, want %d", len(got), to-from)
	}
	for n, r := range got {
		i := from + n
		if r.Offset != int64(i) || string(r.Key) != unique(i) || string(r.Value) != fmt.Sprintf("value %06d", i) ||
			!r.Timestamp.Equal(at(i)) || (len(r.Headers) == 1) != (i%7 == 0) {
			t.Fatalf("record %d is %+v", i, r)
		}
	}
}

func TestReadFromAnyOffsetSpansTierAndBroker(t *testing.T) {
	t.Parallel()
	b := startBroker(t, t.TempDir())
	b.create("log", 1, nil)
	for n := 0; n < 600; n += 100 {
		b.write("log", 0, n, n+100, unique)
		b.sweep()
	}
	segments, err := brokerSegments(filepath.Join(b.dir, "hot", "partitions", "log-0"))
	if err != nil {
		t.Fatal(err)
	}
	if len(segments) != 1 {
		t.Errorf("the broker has %d segments, want 1", len(segments))
	}
	if start := b.PartitionInfo("log", 0).LogStartOffset; start < 500 {
		t.Errorf("the broker's log starts at %d", start)
	}
	for _, broker := range []*broker{b, b.restartAfterKill(), b.restartAfterKill().restartAfterKill()} {
		for _, from := range []int{0, 1, 37, 299, 300, 550, 599} {
			check(t, broker.read("log", 0, int64(from)), from, 600)
		}
	}
	restarted := b.restartAfterKill()
	restarted.write("log", 0, 600, 700, unique)
	restarted.sweep()
	check(t, restarted.read("log", 0, 0), 0, 700)
}

func TestReaderSeesEveryRecordWhileSegmentsMove(t *testing.T) {
	t.Parallel()
	b := startBroker(t, t.TempDir())
	b.create("log", 3, nil)
	const n = 900
	go func() {
		for i := 0; i < n; i += 30 {
			for p := range int32(3) {
				b.write("log", p, i, i+30, unique)
			}
			_ = b.tier.Sweep(t.Context()) // the test may end during it
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := b.client(kgo.ConsumeTopics("log"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxPartitionBytes(3000))
	got := make(map[int32][]*kgo.Record)
	for read := 0; read < 3*n; {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		for r := range fetches.RecordsAll() {
			got[r.Partition] = append(got[r.Partition], r)
			read++
		}
	}
	for p := range int32(3) {
		check(t, got[p], 0, n)
	}
}

// The second broker keeps its whole log.
func TestListOffsetsAnswersAsABrokerWithTheWholeLog(t *testing.T) {
	t.Parallel()
	tiered, whole := startBroker(t, t.TempDir()), startBroker(t, t.TempDir())
	for _, b := range []*broker{tiered, whole} {
		b.create("log", 2, nil)
		b.write("log", 0, 0, 500, unique)
		b.write("log", 1, 0, 5, unique)
	}
	tiered.sweep()
	if len(tiered.tier.lookup(topicPartition{"log", 0}).tierFiles()) < 5 {
		t.Fatal("the tier has fewer than 5 files")
	}
	admins := []*kadm.Client{kadm.NewClient(tiered.client()), kadm.NewClient(whole.client())}
	compare := func(query string, list func(*kadm.Client) (kadm.ListedOffsets, error)) {
		t.Helper()
		var answers [2]kadm.ListedOffsets
		for i, a := range admins {
			got, err := list(a)
			if err != nil {
				t.Fatal(err)
			}
			answers[i] = got
		}
		for p := range int32(2) {
			have, _ := answers[0].Lookup("log", p)
			want, _ := answers[1].Lookup("log", p)
			if have != want {
				t.Errorf("%s, partition %d: %+v, want %+v", query, p, have, want)
			}
		}
	}
	ctx := t.Context()
	compare("start", func(a *kadm.Client) (kadm.ListedOffsets, error) { return a.ListStartOffsets(ctx, "log") })
	compare("end", func(a *kadm.Client) (kadm.ListedOffsets, error) { return a.ListEndOffsets(ctx, "log") })
	compare("committed", func(a *kadm.Client) (kadm.ListedOffsets, error) { return a.ListCommittedOffsets(ctx, "log") })
	compare("latest", func(a *kadm.Client) (kadm.ListedOffsets, error) { return a.ListMaxTimestampOffsets(ctx, "log") })
	for _, i := range []int{-1000, 0, 1, 2, 3, 77, 250, 498, 499, 500} {
		for _, ms := range []int64{-1, 0, 1} {
			when := at(i).UnixMilli() + ms
			compare(fmt.Sprintf("record %d %+d ms", i, ms), func(a *kadm.Client) (kadm.ListedOffsets, error) {
				return a.ListOffsetsAfterMilli(ctx, when, "log")
			})
		}
	}
}

func TestRetentionRemovesOnlyExpiredFiles(t *testing.T) {
	t.Parallel()
	b := startBroker(t, t.TempDir())
	week := strconv.FormatInt((7 * 24 * time.Hour).Milliseconds(), 10)
	b.create("kept", 1, map[string]string{"retention.ms": "-1"})
	b.create("default", 1, nil)
	b.create("table", 1, map[string]string{"cleanup.policy": "compact"})
	b.create("week", 1, map[string]string{"retention.ms": week})
	for _, topic := range []string{"kept", "default", "table", "week"} {
		b.write(topic, 0, 0, 300, unique) // with times years ago
	}
	b.sweep()
	for topic, want := range map[string]bool{"kept": true, "default": true, "table": true, "week": false} {
		if starts, err := kadm.NewClient(b.client()).ListStartOffsets(t.Context(), topic); err != nil {
			t.Fatal(err)
		} else if o, _ := starts.Lookup(topic, 0); (o.Offset == 0) != want {
			t.Errorf("%s starts at %d", topic, o.Offset)
		}
	}
	// The open segment stays, and with it the end offset.
	restarted := b.restartAfterKill()
	if end := restarted.PartitionInfo("week", 0).HighWatermark; end != 300 {
		t.Errorf("after a kill the log ends at %d", end)
	}
	c := restarted.client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{"week": {0: kgo.NewOffset().At(3)}}), kgo.ConsumeResetOffset(kgo.NoResetOffset()))
	if err := c.PollFetches(t.Context()).Err(); !errors.Is(err, kerr.OffsetOutOfRange) {
		t.Errorf("read a removed offset: %v", err)
	}
}

func TestTopicCreatedAgainDoesNotInheritTheOldLog(t *testing.T) {
	t.Parallel()
	b := startBroker(t, t.TempDir())
	b.create("log", 1, nil)
	b.write("log", 0, 0, 300, unique)
	b.sweep()
	if _, err := kadm.NewClient(b.client()).DeleteTopic(t.Context(), "log"); err != nil {
		t.Fatal(err)
	}
	b.create("log", 1, nil)
	b.write("log", 0, 0, 10, unique)
	check(t, b.read("log", 0, 0), 0, 10)
	b.sweep()
	check(t, b.read("log", 0, 0), 0, 10)
	left, err := os.ReadDir(filepath.Join(b.dir, "older"))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 0 {
		t.Errorf("the old log is still there: %v", left)
	}
}

func TestIncompleteSegmentStaysInTheBroker(t *testing.T) {
	t.Parallel()
	b := startBroker(t, t.TempDir())
	b.create("log", 1, nil)
	b.write("log", 0, 0, 300, unique)
	segments, err := brokerSegments(filepath.Join(b.dir, "hot", "partitions", "log-0"))
	if err != nil || len(segments) < 4 {
		t.Fatal(segments, err)
	}
	if err := os.Truncate(segments[1].path, 100); err != nil {
		t.Fatal(err)
	}
	if err := b.tier.Sweep(t.Context()); err == nil {
		t.Error("sweep: no error")
	}
	if start := b.PartitionInfo("log", 0).LogStartOffset; start != 0 {
		t.Errorf("the broker's log was trimmed to start at %d", start)
	}
}

func TestFilesOfAKilledCompactionAreRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{
		"0-10-5.log", "10-20-6.log", "20-30-7.log", // in the range of the next
		"0-30-7.compacted",
		"30-40-8.log", "30-40-8.compacted",
		"40-50-9.log", "unfinished",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	files, err := loadFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.name())
	}
	want := []string{"0-30-7.compacted", "30-40-8.compacted", "40-50-9.log"}
	if !slices.Equal(names, want) {
		t.Errorf("kept %v, want %v", names, want)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != len(want) {
		t.Errorf("left %v, %v", left, err)
	}
}
