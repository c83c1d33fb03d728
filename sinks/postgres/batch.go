package postgres

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/sinks/events"
)

// source is a partition of a topic.
type source struct {
	topic     string
	partition int32
}

// batch is what one transaction writes.
type batch struct {
	games   []game
	gameIDs map[string]bool
	rows    map[string]rowUpdate // by game id
	ratings []rated
	offsets map[source]*offsetMove
	bytes   int
	since   time.Time     // when its first game came, or its first offset
	written chan struct{} // closed when the write has ended
}

// offsetMove moves a partition's next_offset.
type offsetMove struct {
	from, to int64     // from is -1 if there is no row yet
	time     time.Time // broker time of the last record
}

// game is a terminal event.
type game struct {
	from source
	events.Event
	over *schemas.GameOver
	row  []byte // the processor's table row; nil if the record had none
}

// rowUpdate is what an event behind a game's end changes in the game's row.
type rowUpdate struct {
	from    source
	seq     int64 // of the event
	row     []byte
	rematch string              // id of the next game; "": none
	failed  schemas.SeatRefusal // why that game was not played; empty: no reason
}

// rated is a PlayerRated.
type rated struct {
	from     source
	playerID string
	at       schemas.Time
	*schemas.PlayerRatedPayload
}

// offsetsOnly reports whether there is nothing to write but offsets.
func (b *batch) offsetsOnly() bool { return b.size() == 0 }

// size is the number of rows to write or to change.
func (b *batch) size() int { return len(b.games) + len(b.rows) + len(b.ratings) }

// add adds a record that ends a game, that follows the end of one and changes its
// row, or that tells a rating; it ignores other events. It returns false for a record
// that is not a valid event, and for a second end of a game in the batch. Package
// parquet sends invalid events to the dead letters.
func (b *batch) add(from source, rec *kgo.Record) bool {
	switch {
	case rec.Attrs.IsControl():
		return true
	case from.topic == schemas.PlayerEvents:
		return b.addRating(from, rec)
	case !mayClose(rec):
		return true
	}
	ev, err := events.Decode(schemas.GameEvents, rec.Value)
	if err != nil {
		return false
	}
	row := bytes.Clone(kafka.Header(rec, schemas.HeaderRow)) // a copy does not keep the whole fetch in memory
	over, terminal := ev.Payload.(*schemas.GameOver)
	switch {
	case !terminal && (!ev.Type.CarriesRow() || row == nil):
		return true
	case !schemas.ValidID(ev.Key), terminal && b.gameIDs[ev.Key]:
		return false
	case b.offsetsOnly():
		b.since = time.Now()
	}
	if terminal {
		b.addGame(game{from, ev, over, row}, len(rec.Value))
	} else {
		b.addRow(ev.Key, rowUpdate{from, ev.Seq, row, rematchOf(ev.Event), failureOf(ev.Event)})
	}
	return true
}

func (b *batch) addGame(g game, size int) {
	if b.gameIDs == nil {
		b.gameIDs = make(map[string]bool)
	}
	g.PayloadJSON = "" // not written, so need not stay in memory
	b.gameIDs[g.Key] = true
	b.games = append(b.games, g)
	b.bytes += size + len(g.row)
}

// addRow keeps the update of the game's last event.
func (b *batch) addRow(gameID string, u rowUpdate) {
	if b.rows == nil {
		b.rows = make(map[string]rowUpdate)
	}
	if before := b.rows[gameID]; u.seq >= before.seq {
		u.rematch = cmp.Or(u.rematch, before.rematch) // a failure follows the acceptance
		b.rows[gameID] = u
		b.bytes += len(u.row)
	}
}

func (b *batch) addRating(from source, rec *kgo.Record) bool {
	if kind := kafka.Header(rec, schemas.HeaderType); kind != nil && schemas.EventType(kind) != schemas.PlayerRated {
		return true
	}
	ev, err := events.Decode(schemas.PlayerEvents, rec.Value)
	if err != nil {
		return false
	}
	p, ok := ev.Payload.(*schemas.PlayerRatedPayload)
	if !ok {
		return true
	}
	if !schemas.ValidID(ev.Key) || !schemas.ValidID(p.GameID) {
		return false
	}
	if b.offsetsOnly() {
		b.since = time.Now()
	}
	b.ratings = append(b.ratings, rated{from, ev.Key, ev.OccurredAt, p})
	b.bytes += len(rec.Value)
	return true
}

// rematchOf returns the id of the next game that an event names, or "".
func rematchOf(ev schemas.Event) string {
	p, ok := ev.Payload.(*schemas.RematchAcceptedPayload)
	if !ok || !schemas.ValidID(p.GameID) {
		return ""
	}
	return strings.Clone(p.GameID)
}

// failureOf returns why the rematch that an event is about was not played, or "".
func failureOf(ev schemas.Event) schemas.SeatRefusal {
	p, ok := ev.Payload.(*schemas.RematchFailedPayload)
	if !ok {
		return ""
	}
	return schemas.SeatRefusal(strings.Clone(string(p.Reason)))
}

// mayClose reports, from the type header only, whether a record may end a game or
// follow the end of one. It returns true if the header is missing.
func mayClose(rec *kgo.Record) bool {
	kind := kafka.Header(rec, schemas.HeaderType)
	return kind == nil || schemas.EventType(kind).CarriesRow()
}

// advance sets the offset up to which a partition was consumed.
func (b *batch) advance(from source, next int64, brokerTime time.Time) {
	if b.offsets == nil {
		b.offsets = make(map[source]*offsetMove)
		if b.offsetsOnly() {
			b.since = time.Now()
		}
	}
	b.offsets[from] = &offsetMove{to: next, time: brokerTime}
}

// drop removes what came from a partition.
func (b *batch) drop(from source) {
	delete(b.offsets, from)
	maps.DeleteFunc(b.rows, func(_ string, u rowUpdate) bool { return u.from == from })
	b.ratings = slices.DeleteFunc(b.ratings, func(r rated) bool { return r.from == from })
	kept := b.games[:0]
	for _, g := range b.games {
		if g.from == from {
			delete(b.gameIDs, g.Key)
			continue
		}
		kept = append(kept, g)
	}
	clear(b.games[len(kept):])
	b.games = kept
}
