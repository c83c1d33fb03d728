// Package events reads records of the events topics for the sinks: one
// judgement, the same in all of them, of what is an event. What is not one goes
// to the topic's dead-letter topic (package parquet sends it there) and into no
// table.
package events

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"tabiya/schemas"
)

// Event is a decoded event with its payload as it was on the wire.
type Event struct {
	schemas.Event
	PayloadJSON string
}

// Decode reads a record of an events topic. Any bytes at all give an event or an
// error, never a panic. The event shares no memory with value.
func Decode(topic string, value []byte) (Event, error) {
	if !utf8.Valid(value) {
		return Event{}, errors.New("decode event: it is not UTF-8")
	}
	ev, payload, err := schemas.DecodeEventAndPayload(value)
	if err != nil {
		return Event{}, err
	}
	if err := check(topic, &ev); err != nil {
		return Event{}, fmt.Errorf("decode event %s: %w", ev.Type, err)
	}
	return Event{ev, payload}, nil
}

// check refuses what one of the tables could not hold, so that all of them hold
// the same events.
func check(topic string, ev *schemas.Event) error {
	if want := ev.Type.Topic(); topic != want {
		return fmt.Errorf("it does not belong on %s but on %s", topic, want)
	}
	if !schemas.ValidID(ev.ID) {
		return fmt.Errorf("id %.60q is not a UUID", ev.ID)
	}
	if err := checkTime("occurredAt", ev.OccurredAt); err != nil {
		return err
	}
	if !storable(ev.Key) || !storable(ev.CommandID) || !storable(ev.Region) {
		return errors.New("key, command id or region holds a zero byte or is too long")
	}
	if over, ok := ev.Payload.(*schemas.GameOver); ok {
		return checkGame(ev.Key, over)
	}
	return nil
}

func checkGame(key string, g *schemas.GameOver) error {
	for _, id := range []string{key, g.White.PlayerID, g.Black.PlayerID} {
		if !schemas.ValidID(id) {
			return fmt.Errorf("game or player id %.60q is not a UUID", id)
		}
	}
	for _, text := range []string{
		g.White.Handle, g.Black.Handle, g.White.TicketID, g.Black.TicketID, string(g.Speed), g.Queue, g.StartFEN,
		string(g.Result), string(g.Termination), g.FEN,
	} {
		if !storable(text) {
			return fmt.Errorf("text %.60q holds a zero byte or is too long", text)
		}
	}
	for _, uci := range g.Moves {
		if len(uci) == 0 || len(uci) > 8 || strings.ContainsAny(uci, " \x00") {
			return fmt.Errorf("move %.60q is not UCI", uci)
		}
	}
	for _, n := range append([]int64{g.TimeControl.InitialCs, g.TimeControl.IncrementCs, int64(g.Plies)}, g.ClocksCs...) {
		if n < math.MinInt32 || n > math.MaxInt32 {
			return fmt.Errorf("number %d has more than 32 bits", n)
		}
	}
	if err := checkTime("createdAt", g.CreatedAt); err != nil {
		return err
	}
	return checkTime("endedAt", g.EndedAt)
}

func storable(text string) bool { return len(text) <= 4096 && strings.IndexByte(text, 0) < 0 }

// Broker times before 2000 or after 2100 are of a broken clock; each month of
// them would be a partition of its own in Postgres.
const (
	minTime schemas.Time = 946_684_800_000
	maxTime schemas.Time = 4_102_444_800_000
)

func checkTime(field string, t schemas.Time) error {
	if t < minTime || t >= maxTime {
		return fmt.Errorf("%s %s is not in 2000 to 2099", field, t)
	}
	return nil
}
