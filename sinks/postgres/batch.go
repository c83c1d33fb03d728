package postgres

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
	"tabiya/sinks/events"
)

// batch is what one transaction writes.
type batch struct {
	games   []game
	ids     map[string]bool // of the games
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
}

// add takes a record if it is a terminal event; false if it is no event, or ends
// a game that the batch has. What is no event is not this sink's business:
// package parquet sends it to the dead letters.
func (b *batch) add(partition int32, rec *kgo.Record) bool {
	if rec.Attrs.IsControl() || !mayEndAGame(rec) {
		return true
	}
	ev, err := events.Decode(schemas.GameEvents, rec.Value)
	if err != nil {
		return false
	}
	over, ok := ev.Payload.(*schemas.GameOver)
	if !ok {
		return true
	}
	if b.ids[ev.Key] {
		return false
	}
	if b.ids == nil {
		b.ids = make(map[string]bool)
	}
	if len(b.games) == 0 {
		b.since = time.Now() // offsets alone have no hurry
	}
	ev.PayloadJSON = "" // the event's bytes need not be kept for it
	b.ids[ev.Key] = true
	b.games = append(b.games, game{partition, ev, over})
	b.bytes += len(rec.Value)
	return true
}

// mayEndAGame looks at the header alone. A record without one is looked into.
func mayEndAGame(rec *kgo.Record) bool {
	for _, h := range rec.Headers {
		if h.Key == schemas.HeaderType {
			return schemas.EventType(h.Value).Terminal()
		}
	}
	return true
}

// moved notes how far a partition was read.
func (b *batch) moved(partition int32, next int64, at time.Time) {
	if b.lanes == nil {
		b.lanes = make(map[int32]*move)
		if len(b.games) == 0 {
			b.since = time.Now()
		}
	}
	b.lanes[partition] = &move{next: next, at: at}
}

// drop removes a partition.
func (b *batch) drop(partition int32) {
	delete(b.lanes, partition)
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
