package tables_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/schemas"
	"tabiya/tables"
)

// timeout bounds every wait. A test that waits that long has failed.
const timeout = 30 * time.Second

// note is a row whose body is a string.
type note struct {
	head schemas.Head
	text string
}

func (n *note) Head() schemas.Head { return n.head }

func notes() tables.Table[*note] {
	return tables.Table[*note]{
		Group: schemas.PlayersGroup, Topic: schemas.PlayersTable, Commands: schemas.PlayerCommands, Events: schemas.PlayerEvents,
		AppendBody: func(b []byte, n *note) []byte { return append(b, n.text...) },
		DecodeBody: func(_ string, head schemas.Head, body []byte) (*note, error) {
			if string(body) == "broken" {
				return nil, errors.New("a broken note")
			}
			return &note{head, string(body)}, nil
		},
	}
}

// cluster is a Kafka cluster with a producer.
type cluster struct {
	*kafkatest.Cluster
	t        *testing.T
	producer *kafka.Producer
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{Cluster: kafkatest.Start(t, 3), t: t}
	var err error
	if c.producer, err = kafka.NewProducer(c.Config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.producer.Close)
	return c
}

func (c *cluster) write(records ...*kgo.Record) {
	c.t.Helper()
	if err := c.producer.SendRecords(c.t.Context(), records...); err != nil {
		c.t.Fatal(err)
	}
}

func row(key string, version int64, text string) *kgo.Record {
	value := notes().Encode(key, &note{schemas.Head{Version: version, Offset: version * 10}, text})
	return &kgo.Record{Topic: schemas.PlayersTable, Key: []byte(key), Value: value}
}

func tombstone(key, offset string) *kgo.Record {
	return &kgo.Record{Topic: schemas.PlayersTable, Key: []byte(key), Headers: []kgo.RecordHeader{{Key: tables.HeaderOffset, Value: []byte(offset)}}}
}

func (c *cluster) view(onUpdate func(string, *note)) *tables.View[*note] {
	c.t.Helper()
	v := tables.NewView(c.Config, notes(), nil)
	v.OnUpdate = onUpdate
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx) }()
	c.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			c.t.Error(err)
		}
	})
	return v
}

func waitReady(t *testing.T, v *tables.View[*note]) {
	t.Helper()
	eventually.True(t, "the view is ready", v.Ready)
}

// waitText waits until the row has the text.
func waitText(t *testing.T, v *tables.View[*note], key, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	if _, ok := v.WaitUntil(ctx, key, func(n *note) bool { return n.text == text }); !ok {
		t.Fatalf("row %s never had the text %q", key, text)
	}
}

func TestViewIsReadyOnceItHasReadTheTopic(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	for i := range 500 {
		c.write(row(fmt.Sprint("k", i%100), int64(i+1), fmt.Sprint(i)))
	}
	c.write(row("gone", 1, "x"), tombstone("gone", "11"))
	v := c.view(nil)
	waitReady(t, v)
	if v.Len() != 100 {
		t.Fatalf("the view has %d rows, want 100", v.Len())
	}
	if n, ok := v.Get("k7"); !ok || n.text != "407" || n.head.Version != 408 {
		t.Fatalf("got the row %+v", n)
	}
	if n, ok := v.Get("gone"); ok || n != nil {
		t.Fatalf("got the row %+v", n)
	}
	seen := 0
	v.Range(func(string, *note) bool { seen++; return seen < 40 })
	if seen != 40 {
		t.Fatalf("Range passed %d rows, want 40", seen)
	}
}

func TestViewOfEmptyTableIsReady(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	v := c.view(nil)
	waitReady(t, v)
	if v.Len() != 0 {
		t.Fatalf("the view has %d rows, want none", v.Len())
	}
}

func TestRowIsFoundByItsSecondKeyWhileItHasIt(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	v := tables.NewView(c.Config, notes(), nil)
	v.SecondKey = func(n *note) string { return n.text }
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	find := func(second string, version int64) {
		t.Helper()
		if n, ok := v.Find(second); ok != (version > 0) || ok && n.head.Version != version {
			t.Fatalf("%s: %+v, %t, want version %d", second, n, ok, version)
		}
	}
	find("ada", 0)
	c.write(row("a", 1, "ada"))
	waitText(t, v, "a", "ada")
	find("ada", 1)
	c.write(row("a", 2, "bob"))
	waitText(t, v, "a", "bob")
	find("ada", 0)
	find("bob", 2)
	c.write(row("b", 3, "ada")) // another row takes the key that is free
	waitText(t, v, "b", "ada")
	find("ada", 3)
	c.write(tombstone("b", "31"))
	eventually.True(t, "the row is deleted", func() bool { _, ok := v.Get("b"); return !ok })
	find("ada", 0)
}

func TestViewRejectsStaleRowsAndTombstones(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	var mu sync.Mutex
	var updates []string
	v := c.view(func(key string, n *note) {
		mu.Lock()
		defer mu.Unlock()
		if key != "end" {
			updates = append(updates, fmt.Sprint(key, n != nil))
		}
	})
	c.write(
		row("a", 3, "new"), row("a", 2, "stale"), tombstone("a", "20"),
		row("b", 1, "old"), tombstone("b", "50"), row("b", 2, "stale"),
		&kgo.Record{Topic: schemas.PlayersTable, Key: []byte("c"), Value: []byte("not a row")},
	)
	for i := range 20 { // at least one in each partition
		c.write(row(fmt.Sprint("end", i), 1, "end"))
		waitText(t, v, fmt.Sprint("end", i), "end")
	}
	if n, ok := v.Get("a"); !ok || n.text != "new" {
		t.Fatalf("a is %+v, want the higher version", n)
	}
	if n, ok := v.Get("b"); ok {
		t.Fatalf("b is %+v, want no row", n)
	}
	if n, ok := v.Get("c"); ok {
		t.Fatalf("c is %+v, want no row", n)
	}
	c.write(row("b", 6, "again")) // created again by a later command
	waitText(t, v, "b", "again")
	mu.Lock()
	defer mu.Unlock()
	count := make(map[string]int)
	for _, u := range updates {
		count[u]++
	}
	if count["atrue"] != 1 || count["btrue"] != 2 || count["bfalse"] != 1 || count["afalse"] != 0 {
		t.Fatalf("OnUpdate was called %v times", count)
	}
}

func TestViewKeepsItsRowsWhenPoisonFollows(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	later := row("a", 9, "of a later release")
	later.Value[0] = 3
	wrong := (kafka.PartitionOf("a", 3) + 1) % 3
	misplaced, garbage := row("a", 10, "misplaced"), &kgo.Record{Topic: schemas.PlayersTable, Key: []byte("a"), Value: []byte("garbage")}
	deleted := tombstone("a", "1000")
	client, err := kgo.NewClient(append(c.Config.Opts(), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	c.write(row("a", 1, "first"))
	for _, poison := range []*kgo.Record{misplaced, garbage, deleted} {
		poison.Partition = wrong
		if err := client.ProduceSync(t.Context(), poison).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	foreign := row("b", 11, "of another key")
	foreign.Key = []byte("a")
	broken := row("a", 12, "a body")
	broken.Value = append(broken.Value, "and more"...)
	c.write(foreign, broken, later)
	v := c.view(nil)
	waitReady(t, v)
	if n, ok := v.Get("a"); !ok || n.text != "first" || v.Len() != 1 {
		t.Fatalf("a is %+v in a view of %d rows, want the first row", n, v.Len())
	}
	c.write(row("a", 2, "second"))
	waitText(t, v, "a", "second")
}

func TestWaitForReturnsTheRowOrEndsWithItsContext(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	v := c.view(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, ok := v.WaitFor(ctx, "never"); ok {
		t.Fatal("WaitFor returned a row that was never written")
	}
	later := make(chan bool)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		n, ok := v.WaitFor(ctx, "soon")
		later <- ok && n.text == "here"
	}()
	c.write(row("soon", 1, "here"))
	if !<-later {
		t.Fatal("WaitFor did not return the row")
	}
}

func TestViewSurvivesOutages(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.RequireFake(t)
	c.write(row("a", 1, "before"))
	c.Down()
	v := c.view(nil) // starts during the outage
	c.Up()
	waitReady(t, v)
	c.Down()
	if n, ok := v.Get("a"); !ok || n.text != "before" {
		t.Fatalf("during an outage a is %+v", n)
	}
	c.Up()
	c.write(row("a", 2, "after"))
	waitText(t, v, "a", "after")
}

func TestViewRunFailsWhenTopicIsRecreated(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	c.RequireFake(t) // see internal/kafka/follow for an Apache Kafka
	c.write(row("a", 1, "before"))
	v := tables.NewView(c.Config, notes(), nil)
	ended := make(chan error, 1)
	go func() { ended <- v.Run(t.Context()) }()
	waitReady(t, v)
	client, err := kgo.NewClient(c.Config.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	if _, err := adm.DeleteTopic(t.Context(), schemas.PlayersTable); err != nil {
		t.Fatal(err)
	}
	if _, err := adm.CreateTopic(t.Context(), 3, 1, nil, schemas.PlayersTable); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, kerr.UnknownTopicID) {
			t.Fatal(err)
		}
	case <-time.After(timeout):
		t.Fatal("it does not end")
	}
}
