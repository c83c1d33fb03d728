package tables_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
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

type desk struct {
	*kafkatest.Cluster
	t        *testing.T
	producer *kafka.Producer
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Cluster: kafkatest.Start(t, 3), t: t}
	var err error
	if d.producer, err = kafka.NewProducer(d.Config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.producer.Close)
	return d
}

func (d *desk) write(records ...*kgo.Record) {
	d.t.Helper()
	if err := d.producer.SendRecords(d.t.Context(), records...); err != nil {
		d.t.Fatal(err)
	}
}

func row(key string, version int64, text string) *kgo.Record {
	value := notes().Encode(&note{schemas.Head{Version: version, Offset: version * 10}, text})
	return &kgo.Record{Topic: schemas.PlayersTable, Key: []byte(key), Value: value}
}

func tombstone(key, offset string) *kgo.Record {
	return &kgo.Record{Topic: schemas.PlayersTable, Key: []byte(key), Headers: []kgo.RecordHeader{{Key: tables.HeaderOffset, Value: []byte(offset)}}}
}

func (d *desk) view(onUpdate func(string, *note)) *tables.View[*note] {
	d.t.Helper()
	v := tables.NewView(d.Config, notes(), nil)
	v.OnUpdate = onUpdate
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- v.Run(ctx) }()
	d.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			d.t.Error(err)
		}
	})
	return v
}

func waitReady(t *testing.T, v *tables.View[*note]) {
	t.Helper()
	eventually.True(t, "the view is ready", v.Ready)
}

// wait gives the row once it says text.
func wait(t *testing.T, v *tables.View[*note], key, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, ok := v.WaitUntil(ctx, key, func(n *note) bool { return n.text == text }); !ok {
		t.Fatalf("%s never said %q", key, text)
	}
}

func TestAViewIsReadyOnceItHasReadWhatWasThere(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for i := range 500 {
		d.write(row(fmt.Sprint("k", i%100), int64(i+1), fmt.Sprint(i)))
	}
	d.write(row("gone", 1, "x"), tombstone("gone", "11"))
	v := d.view(nil)
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

func TestAnEmptyTablesViewIsReady(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	v := d.view(nil)
	waitReady(t, v)
	if v.Len() != 0 {
		t.Fatal("it holds rows")
	}
}

func TestAViewNeverGoesBackwards(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	var mu sync.Mutex
	var updates []string
	v := d.view(func(key string, n *note) {
		mu.Lock()
		defer mu.Unlock()
		if key != "end" {
			updates = append(updates, fmt.Sprint(key, n != nil))
		}
	})
	d.write(
		row("a", 3, "new"), row("a", 2, "stale"), tombstone("a", "20"),
		row("b", 1, "old"), tombstone("b", "50"), row("b", 2, "stale"),
		&kgo.Record{Topic: schemas.PlayersTable, Key: []byte("c"), Value: []byte("not a row")},
	)
	for i := range 20 { // one in each partition at least
		d.write(row(fmt.Sprint("end", i), 1, "end"))
		wait(t, v, fmt.Sprint("end", i), "end")
	}
	if n, ok := v.Get("a"); !ok || n.text != "new" {
		t.Fatalf("a is %+v", n)
	}
	if n, ok := v.Get("b"); ok {
		t.Fatalf("b is %+v", n)
	}
	if _, ok := v.Get("c"); ok {
		t.Fatal("c is there")
	}
	d.write(row("b", 6, "again")) // made again by a later command
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

func TestWaitForEndsWithItsContext(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	v := d.view(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, ok := v.WaitFor(ctx, "never"); ok {
		t.Fatal("it came")
	}
	later := make(chan bool)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		n, ok := v.WaitFor(ctx, "soon")
		later <- ok && n.text == "here"
	}()
	d.write(row("soon", 1, "here"))
	if !<-later {
		t.Fatal("it did not come")
	}
}

func TestAViewGoesOnAfterAnOutage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.RequireFake(t)
	d.write(row("a", 1, "before"))
	d.Down()
	v := d.view(nil) // it begins while the broker is away
	d.Up()
	waitReady(t, v)
	d.Down()
	if n, ok := v.Get("a"); !ok || n.text != "before" {
		t.Fatalf("without the broker a is %+v", n)
	}
	d.Up()
	d.write(row("a", 2, "after"))
	wait(t, v, "a", "after")
}
