// Package parquet archives events as Parquet: one row an event, and one row a
// finished game.
//
// It judges what is an event for all sinks: what is not goes to the topic's
// dead-letter topic with its reason, and the rest of its chunk into the archive.
// Nobody else sends records there from an events topic.
//
// The log may hold an event twice (a stale processor can repeat one, byte for
// byte, under the same event id). Within a file the repeat is dropped, so its
// first place counts; a repeat in a later file stays, and readers drop it by
// event_id, as compaction does.
package parquet

import (
	"fmt"

	pq "github.com/parquet-go/parquet-go"

	"tabiya/schemas"
	"tabiya/sinks/archive"
	"tabiya/sinks/events"
)

// Name of the sink, in its group, its progress and its metrics.
const Name = "parquet"

// New makes the sink.
func New(cfg archive.Config) (*archive.Sink, error) { return archive.New(cfg, format{}) }

// Tables.
const (
	Events = "events"
	Games  = "games"
)

// Key of a chunk's file in a table and a region.
func Key(table string, c archive.Chunk, region string) string {
	return fmt.Sprintf("%s/v1/%s/%s-%s.parquet", table, c.Folder(region), c.Topic, c.Name())
}

type format struct{}

func (format) Name() string { return Name }

func (format) NewEncoder() (archive.Encoder, error) {
	zstd, err := newCodec()
	if err != nil {
		return nil, err
	}
	return &encoder{
		events: newTable[EventRow](Events, zstd, pq.SplitBlockFilter(10, "game_id"), pq.SplitBlockFilter(10, "player_id")),
		games: newTable[GameRow](Games, zstd, pq.SplitBlockFilter(10, "game_id"),
			pq.SplitBlockFilter(10, "white_id"), pq.SplitBlockFilter(10, "black_id")),
		cells: make([]cells, batchRows),
		seen:  make(map[eventID]struct{}),
	}, nil
}

type encoder struct {
	events *table[EventRow]
	games  *table[GameRow]
	cells  []cells
	seen   map[eventID]struct{}
}

// Encode implements archive.Encoder.
func (e *encoder) Encode(c archive.Chunk, region string, records *archive.Records, out *archive.Output) error {
	clear(e.seen)
	e.events.begin(c, region, out)
	e.games.begin(c, region, out)
	defer e.events.end()
	defer e.games.end()
	var rec archive.Record
	for records.Next(&rec) {
		ev, err := events.Decode(c.Topic, rec.Value)
		if err != nil {
			if err := out.Refuse(rec, err); err != nil {
				return err
			}
			continue
		}
		if !e.first(ev.ID) {
			out.Skip()
			continue
		}
		if err := e.add(c, rec, &ev); err != nil {
			return err
		}
	}
	if err := e.events.close(); err != nil {
		return err
	}
	return e.games.close()
}

func (e *encoder) add(c archive.Chunk, rec archive.Record, ev *events.Event) error {
	row, i, err := e.events.next()
	if err != nil {
		return err
	}
	row.fill(c, rec, ev, &e.cells[i])
	if over, ok := ev.Payload.(*schemas.GameOver); ok {
		row, _, err := e.games.next()
		if err != nil {
			return err
		}
		row.fill(c, rec, ev, over)
	}
	return nil
}

// first reports whether the file has no event with that id yet.
func (e *encoder) first(id string) bool {
	key := parseID(id)
	before := len(e.seen)
	e.seen[key] = struct{}{}
	return len(e.seen) > before
}

// eventID is a UUID, which events.Decode has checked.
type eventID [16]byte

func parseID(s string) (id eventID) {
	n := 0
	for i := 0; i < len(s) && n < 32; i++ {
		c := s[i]
		switch {
		case c == '-':
			continue
		case c >= 'a':
			c -= 'a' - 10
		default:
			c -= '0'
		}
		id[n/2] = id[n/2]<<4 | c
		n++
	}
	return id
}
