// Package parquet archives events as Parquet, in two tables: events has one row for
// each event, games one for each finished game.
//
// A record that is not an event goes to its topic's dead-letter topic, with the
// reason, and the rest of its chunk is archived. For events topics, no other package
// sends dead letters.
//
// The log may have an event twice: a stale processor can repeat one, byte for byte,
// under the same event id. Within a file the repeat is dropped. A repeat in a later
// file stays; readers drop it by event_id.
package parquet

import (
	"fmt"

	pq "github.com/parquet-go/parquet-go"

	"tabiya/schemas"
	"tabiya/sinks/archive"
	"tabiya/sinks/events"
)

// Name is the sink's name, as in its group, its progress and its metrics.
const Name = "parquet"

// New creates the sink.
func New(cfg archive.Config) (*archive.Sink, error) { return archive.New(cfg, format{}) }

// The tables, as in keys and metrics.
const (
	Events = "events"
	Games  = "games"
)

// Key returns the key of a chunk's file for a table and a region.
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
		values:  make([]rowValues, batchRows),
		written: make(map[eventID]struct{}),
	}, nil
}

type encoder struct {
	events  *table[EventRow]
	games   *table[GameRow]
	values  []rowValues          // of the rows in the batch
	written map[eventID]struct{} // in the present file
}

// Encode implements archive.Encoder.
func (e *encoder) Encode(c archive.Chunk, region string, records *archive.Records, out *archive.Output) error {
	clear(e.written)
	e.events.start(c, region, out)
	e.games.start(c, region, out)
	defer e.events.reset()
	defer e.games.reset()
	var rec archive.Record
	for records.Next(&rec) {
		ev, err := events.Decode(c.Topic, rec.Value)
		if err != nil {
			if err := out.Reject(rec, err); err != nil {
				return err
			}
			continue
		}
		if !e.isNew(ev.ID) {
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
	row.fill(c, rec, ev, &e.values[i])
	if over, ok := ev.Payload.(*schemas.GameOver); ok {
		row, _, err := e.games.next()
		if err != nil {
			return err
		}
		row.fill(c, rec, ev, over)
	}
	return nil
}

// isNew reports whether the file has no event with that id yet, and adds the id.
func (e *encoder) isNew(id string) bool {
	before := len(e.written)
	e.written[parseID(id)] = struct{}{}
	return len(e.written) > before
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
