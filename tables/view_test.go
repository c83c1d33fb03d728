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

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/schemas"
	"tabiya/tables"
)

const patience = 30 * time.Second

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
				return nil, fmt.Errorf("a broken note")
			}
			return &note{head, string(body)}, nil
		},
	}
}

// rig is a broker with a producer of rows.
type rig struct {
	*kafkatest.Cluster
	t        *testing.T
	producer *kafka.Producer
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{Cluster: kafkatest.Start(t, 3), t: t}
	var err error
	if r.producer, err = kafka.NewProducer(r.Config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.producer.Close)
	return r
}

func (r *rig) write(records ...*kgo.Record) {
	r.t.Helper()
	if err := r.producer.SendRecords(r.t.Context(), records...); err != nil {
		r.t.Fatal(err)
	}
}

func row(key string, version int64, text string) *kgo.Record {
	value := notes().Encode(&note{schemas.Head{Version: version, Offset: version * 10}, text})
	return &kgo.Record{Topic: schemas.PlayersTable, Key: []byte(key), Value: value}
}

func tombstone(key, offset string) *kgo.Record {
	return &kgo.Record{Topic: schemas.PlayersTable, Key: []byte(key), Headers: []kgo.RecordHeader{{Key: tables.HeaderOffset, Value: []byte(offset)}}}
}

func (r *rig) view(onUpdate func(string, *note)) *tables.View[*note] {
	r.t.Helper()
	v := tables.NewView(r.Config, notes(), nil)
	v.OnUpdate = onUpdate
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx) }()
	r.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			r.t.Error(err)
		}
	})
	return v
}

func waitReady(t *testing.T, v *tables.View[*note]) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for tick := time.NewTicker(10 * time.Millisecond); !v.Ready(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("the view is not ready")
		}
	}
}

// wait waits until the text of a row is text.
func wait(t *testing.T, v *tables.View[*note], key, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, ok := v.WaitUntil(ctx, key, func(n *note) bool { return n.text == text }); !ok {
		t.Fatalf("the text of %s is not %q", key, text)
	}
}

func TestViewReadyAfterReadingExistingRows(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i := range 500 {
		r.write(row(fmt.Sprint("k", i%100), int64(i+1), fmt.Sprint(i)))
	}
	r.write(row("gone", 1, "x"), tombstone("gone", "11"))
	v := r.view(nil)
	waitReady(t, v)
	if v.Len() != 100 {
		t.Fatalf("%d rows", v.Len())
	}
	if n, ok := v.Get("k7"); !ok || n.text != "407" || n.head.Version != 408 {
		t.Fatalf("got %+v", n)
	}
	if n, ok := v.Get("gone"); ok || n != nil {
		t.Fatalf("got %+v", n)
	}
	seen := 0
	v.Range(func(string, *note) bool { seen++; return seen < 40 })
	if seen != 40 {
		t.Fatalf("Range gave %d rows", seen)
	}
}

func TestViewOfEmptyTableReady(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.view(nil)
	waitReady(t, v)
	if v.Len() != 0 {
		t.Fatal("the view has rows")
	}
}

func TestViewIgnoresStaleRows(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var mu sync.Mutex
	var updates []string
	v := r.view(func(key string, n *note) {
		mu.Lock()
		defer mu.Unlock()
		if key != "end" {
			updates = append(updates, fmt.Sprint(key, n != nil))
		}
	})
	r.write(
		row("a", 3, "new"), row("a", 2, "stale"), tombstone("a", "20"),
		row("b", 1, "old"), tombstone("b", "50"), row("b", 2, "stale"),
		&kgo.Record{Topic: schemas.PlayersTable, Key: []byte("c"), Value: []byte("not a row")},
	)
	for i := range 20 { // at least one in each partition
		r.write(row(fmt.Sprint("end", i), 1, "end"))
		wait(t, v, fmt.Sprint("end", i), "end")
	}
	if n, ok := v.Get("a"); !ok || n.text != "new" {
		t.Fatalf("a is %+v", n)
	}
	if n, ok := v.Get("b"); ok {
		t.Fatalf("b is %+v", n)
	}
	if _, ok := v.Get("c"); ok {
		t.Fatal("c exists")
	}
	r.write(row("b", 6, "again")) // created again by a later command
	wait(t, v, "b", "again")
	mu.Lock()
	defer mu.Unlock()
	count := make(map[string]int)
	for _, u := range updates {
		count[u]++
	}
	if count["atrue"] != 1 || count["btrue"] != 2 || count["bfalse"] != 1 || count["afalse"] != 0 {
		t.Fatalf("updates %v", count)
	}
}

func TestWaitForEndsWithContext(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.view(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, ok := v.WaitFor(ctx, "never"); ok {
		t.Fatal("it found a row")
	}
	later := make(chan bool)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		n, ok := v.WaitFor(ctx, "soon")
		later <- ok && n.text == "here"
	}()
	r.write(row("soon", 1, "here"))
	if !<-later {
		t.Fatal("it found no row")
	}
}

func TestViewContinuesAfterOutage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.RequireFake(t)
	r.write(row("a", 1, "before"))
	r.Down()
	v := r.view(nil) // starts while the broker is away
	r.Up()
	waitReady(t, v)
	r.Down()
	if n, ok := v.Get("a"); !ok || n.text != "before" {
		t.Fatalf("without the broker a is %+v", n)
	}
	r.Up()
	r.write(row("a", 2, "after"))
	wait(t, v, "a", "after")
}

func TestViewRunFailsWhenTopicIsRecreated(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.RequireFake(t) // see internal/kafka/follow for an Apache Kafka
	r.write(row("a", 1, "before"))
	v := tables.NewView(r.Config, notes(), nil)
	ended := make(chan error, 1)
	go func() { ended <- v.Run(t.Context()) }()
	waitReady(t, v)
	client, err := kgo.NewClient(r.Config.Opts()...)
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
	case <-time.After(patience):
		t.Fatal("it does not end")
	}
}
