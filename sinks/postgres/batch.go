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
	gameIDs map[string]bool
	rows    map[string]rowUpdate // by game id
	offsets map[int32]*offsetMove
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
	partition int32
	events.Event
	over *schemas.GameOver
	row  []byte // the processor's table row; nil if the record had none
}

// rowUpdate is what an event behind a game's end changes in the game's row.
type rowUpdate struct {
	partition int32
	seq       int64 // of the event
	row       []byte
	rematch   string // id of the next game; "": none
}

// offsetsOnly reports whether there is nothing to write but offsets.
func (b *batch) offsetsOnly() bool { return len(b.games) == 0 && len(b.rows) == 0 }

// add adds a record that ends a game, or that follows the end of one and changes its
// row; it ignores other events. It returns false for a record that is not a valid
// event, and for a second end of a game in the batch. Package parquet sends invalid
// events to the dead letters.
func (b *batch) add(partition int32, rec *kgo.Record) bool {
	if rec.Attrs.IsControl() || !mayClose(rec) {
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
		b.addGame(game{partition, ev, over, row}, len(rec.Value))
	} else {
		b.addRow(ev.Key, rowUpdate{partition, ev.Seq, row, rematchOf(ev.Event)})
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
	if u.seq >= b.rows[gameID].seq {
		b.rows[gameID] = u
		b.bytes += len(u.row)
	}
}

// rematchOf returns the id of the next game that an event names, or "".
func rematchOf(ev schemas.Event) string {
	p, ok := ev.Payload.(*schemas.RematchAcceptedPayload)
	if !ok || !schemas.ValidID(p.GameID) {
		return ""
	}
	return strings.Clone(p.GameID)
}

// mayClose reports, from the type header only, whether a record may end a game or
// follow the end of one. It returns true if the header is missing.
func mayClose(rec *kgo.Record) bool {
	kind := kafka.Header(rec, schemas.HeaderType)
	return kind == nil || schemas.EventType(kind).CarriesRow()
}

// advance sets the offset up to which a partition was consumed.
func (b *batch) advance(partition int32, next int64, brokerTime time.Time) {
	if b.offsets == nil {
		b.offsets = make(map[int32]*offsetMove)
		if b.offsetsOnly() {
			b.since = time.Now()
		}
	}
	b.offsets[partition] = &offsetMove{to: next, time: brokerTime}
}

// drop removes what came from a partition.
func (b *batch) drop(partition int32) {
	delete(b.offsets, partition)
	maps.DeleteFunc(b.rows, func(_ string, u rowUpdate) bool { return u.partition == partition })
	kept := b.games[:0]
	for _, g := range b.games {
		if g.partition == partition {
			delete(b.gameIDs, g.Key)
			continue
		}
		kept = append(kept, g)
	}
	clear(b.games[len(kept):])
	b.games = kept
}
