// Package events decodes records of the events topics for the sinks, so that all of
// them agree on what is an event. A record that is not an event is in no table;
// package parquet sends it to the dead-letter topic.
package events

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"tabiya/schemas"
)

// Event is a decoded event.
type Event struct {
	schemas.Event
	PayloadJSON string // as on the wire
}

// Decode decodes a record of an events topic. It returns an error for a value that is
// not an event, or that a table could not hold. The event shares no memory with value.
func Decode(topic string, value []byte) (decoded Event, err error) {
	defer func() { // others wrote the value: nothing in it may end the process
		if p := recover(); p != nil {
			decoded, err = Event{}, fmt.Errorf("decode event: panic: %v", p)
		}
	}()
	if !utf8.Valid(value) {
		return Event{}, errors.New("decode event: not UTF-8")
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

// check returns an error for an event that one of the tables could not hold, so that
// all tables hold the same events.
func check(topic string, ev *schemas.Event) error {
	if want := ev.Type.Topic(); topic != want {
		return fmt.Errorf("belongs on %s, not on %s", want, topic)
	}
	if !schemas.ValidID(ev.ID) {
		return fmt.Errorf("id %.60q is not a UUID", ev.ID)
	}
	if err := checkTime("occurredAt", ev.OccurredAt); err != nil {
		return err
	}
	if !storable(ev.Key) || !storable(ev.CommandID) || !storable(ev.Region) {
		return errors.New("key, command id or region has a zero byte or is too long")
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
			return fmt.Errorf("text %.60q has a zero byte or is too long", text)
		}
	}
	for _, uci := range g.Moves {
		if len(uci) == 0 || len(uci) > 8 || strings.ContainsAny(uci, " \x00") {
			return fmt.Errorf("move %.60q is not UCI", uci)
		}
	}
	for _, n := range append([]int64{g.TimeControl.InitialCs, g.TimeControl.IncrementCs, int64(g.Plies)}, g.ClocksCs...) {
		if n < math.MinInt32 || n > math.MaxInt32 {
			return fmt.Errorf("number %d does not fit 32 bits", n)
		}
	}
	if err := checkTime("createdAt", g.CreatedAt); err != nil {
		return err
	}
	return checkTime("endedAt", g.EndedAt)
}

func storable(text string) bool { return len(text) <= 4096 && strings.IndexByte(text, 0) < 0 }

// A broker time before 2000 or after 2099 comes from a broken clock. Each of its
// months would be a partition of its own in Postgres.
const (
	minTime schemas.Time = 946_684_800_000
	maxTime schemas.Time = 4_102_444_800_000
)

func checkTime(field string, t schemas.Time) error {
	if t < minTime || t >= maxTime {
		return fmt.Errorf("%s %s is not in the years 2000 to 2099", field, t)
	}
	return nil
}
