package postgres

import (
	"bytes"
	"maps"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/sinks/events"
)

// batch is what one transaction writes.
type batch struct {
	games   []game
	ids     map[string]bool // of the games
	rows    map[string]row  // of games that are written already
	lanes   map[int32]*move
	bytes   int
	since   time.Time // when its first record came
	written chan struct{}
}

// move is a partition's step: next_offset from one value to another.
type move struct {
	from, next int64 // from is -1 if there is no row yet
	at         time.Time
}

// game is a terminal event.
type game struct {
	partition int32
	events.Event
	over *schemas.GameOver
	row  []byte // nil if the record had none
}

// row is a game's row after what was said about a rematch.
type row struct {
	partition int32
	seq       int64 // of the event that it came with
	value     []byte
	rematch   string // the game that the event names; "" if none
}

// empty reports whether there is nothing to write but offsets.
func (b *batch) empty() bool { return len(b.games) == 0 && len(b.rows) == 0 }

// add takes a record if it is a terminal event or one behind it; false if it is no
// event, or ends a game that the batch has. What is no event is not this sink's
// business: package parquet sends it to the dead letters.
func (b *batch) add(partition int32, rec *kgo.Record) bool {
	if rec.Attrs.IsControl() || !mayClose(rec) {
		return true
	}
	ev, err := events.Decode(schemas.GameEvents, rec.Value)
	if err != nil {
		return false
	}
	value := bytes.Clone(kafka.Header(rec, schemas.HeaderRow)) // without the fetch that it is a piece of
	over, ends := ev.Payload.(*schemas.GameOver)
	switch {
	case !ends && (!ev.Type.CarriesRow() || value == nil):
		return true
	case !schemas.ValidID(ev.Key):
		return false
	case ends && b.ids[ev.Key]:
		return false
	case b.empty():
		b.since = time.Now() // offsets alone have no hurry
	}
	if !ends {
		if b.rows == nil {
			b.rows = make(map[string]row)
		}
		if ev.Seq >= b.rows[ev.Key].seq {
			b.rows[ev.Key] = row{partition, ev.Seq, value, rematchOf(ev.Event)}
			b.bytes += len(value)
		}
		return true
	}
	if b.ids == nil {
		b.ids = make(map[string]bool)
	}
	ev.PayloadJSON = "" // the event's bytes need not be kept for it
	b.ids[ev.Key] = true
	b.games = append(b.games, game{partition, ev, over, value})
	b.bytes += len(rec.Value) + len(value)
	return true
}

// rematchOf is the game that an event names as the next one.
func rematchOf(ev schemas.Event) string {
	p, ok := ev.Payload.(*schemas.RematchAcceptedPayload)
	if !ok || !schemas.ValidID(p.GameID) {
		return ""
	}
	return strings.Clone(p.GameID)
}

// mayClose looks at the header alone. A record without one is looked into.
func mayClose(rec *kgo.Record) bool {
	kind := kafka.Header(rec, schemas.HeaderType)
	return kind == nil || schemas.EventType(kind).CarriesRow()
}

// moved notes how far a partition was read.
func (b *batch) moved(partition int32, next int64, at time.Time) {
	if b.lanes == nil {
		b.lanes = make(map[int32]*move)
		if b.empty() {
			b.since = time.Now()
		}
	}
	b.lanes[partition] = &move{next: next, at: at}
}

// drop removes a partition.
func (b *batch) drop(partition int32) {
	delete(b.lanes, partition)
	maps.DeleteFunc(b.rows, func(_ string, r row) bool { return r.partition == partition })
	kept := b.games[:0]
	for _, g := range b.games {
		if g.partition == partition {
			delete(b.ids, g.Key)
			continue
		}
		kept = append(kept, g)
	}
	clear(b.games[len(kept):])
	b.games = kept
}

// take gives the batch away.
func (b *batch) take() *batch {
	taken := *b
	taken.written = make(chan struct{})
	return &taken
}
