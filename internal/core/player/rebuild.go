package player

import (
	"fmt"

	"tabiya/schemas"
)

// Apply returns the row after an event that was read from the log, without its seat. A
// nil s is a player who is not registered. place is that of the event's command, or
// -1 if it is not known. s is changed and must not be used any more. An event that was
// applied before changes nothing. Returns an error if an earlier event is missing.
//
// An event does not carry the account's revision: each update counts as one.
func Apply(s *State, ev schemas.Event, place int64) (*State, error) {
	var seq int64
	if s != nil {
		seq = s.Seq
	}
	switch {
	case ev.Seq <= seq:
		return s, nil
	case ev.Seq > seq+1:
		return nil, fmt.Errorf("player %s: event %d after %d: an event is missing", ev.Key, ev.Seq, seq)
	case (s == nil) != (ev.Type == schemas.PlayerRegistered):
		return nil, fmt.Errorf("player %s: event %d is a %s", ev.Key, ev.Seq, ev.Type)
	case s == nil:
		s = &State{ID: ev.Key, Region: ev.Region}
	}
	s.Seq = ev.Seq
	accepted := schemas.Command{ID: ev.CommandID}
	switch p := ev.Payload.(type) {
	case *schemas.PlayerFacts:
		s.Handle, s.Country, s.Region = p.Handle, p.Country, ev.Region
		s.Revision++
		accepted.Type, accepted.Payload = schemas.RegisterPlayer, &schemas.RegisterPlayerPayload{Handle: p.Handle, Country: p.Country}
		if ev.Type == schemas.PlayerUpdated {
			accepted.Type = schemas.UpdatePlayer
			accepted.Payload = &schemas.UpdatePlayerPayload{Handle: p.Handle, Country: p.Country, Revision: s.Revision}
		}
	case *schemas.PlayerClosedPayload:
		s.Closed = true
		accepted.Type = schemas.ClosePlayer
	case *schemas.SessionsEndedPayload:
		accepted.Type = schemas.EndSessions
		accepted.Payload = &schemas.EndSessionsPayload{NotBefore: p.NotBefore, TokenID: p.TokenID, IssuedAt: p.IssuedAt}
	case *schemas.PlayerRatedPayload:
		s.setRating(Rating{p.Speed, p.Rating, p.Deviation, p.Volatility, p.Games, ev.OccurredAt})
		s.Games = keepLast(append(s.Games, fingerprintID(p.GameID)), gamesKept)
	default:
		return nil, fmt.Errorf("player %s: event %d has the payload %T", ev.Key, ev.Seq, ev.Payload)
	}
	if accepted.Type != "" {
		a := Accepted{fingerprintID(accepted.ID), fingerprint(accepted), ev.Seq, place}
		s.Accepted = keepLast(append(s.Accepted, a), acceptedKept)
	}
	s.Outbox = keepLast(append(s.Outbox, Sent{place, ev}), outboxMinKept)
	return s, nil
}

// Stamped sets the frame and the seat of a row that was made again, and returns it. All
// commands up to the place offset count as decided.
func (s *State) Stamped(version, offset int64, seat Seat) *State {
	if seat.Status != Idle {
		seat.Joined, seat.Entered = offset, offset
	}
	s.Version, s.Offset, s.Seat = version, offset, seat
	return s
}

// Settle decides the late commands of a player whose row was made again by the command at
// origin: they were refused because the row could not be read, and nobody sends them
// again. A command that counts already changes nothing. Nobody is queued again by them:
// the player could not even leave the queue meanwhile. out are the messages to send.
func Settle(s *State, late []schemas.LateCommand, origin schemas.Origin) (next *State, out []schemas.Message) {
	for _, l := range late {
		if p, ok := l.Command.Payload.(*schemas.RecordResultPayload); ok && p.Again {
			once := *p
			once.Again = false
			l.Command.Payload = &once
		}
		n, changed, messages := Decide(s, l.Command, l.At, origin)
		out = append(out, messages...)
		if changed {
			s = n
		}
	}
	return s, out
}

// QueuedSeat returns the seat of a player with a ticket in a queue.
func QueuedSeat(queueKey string, p schemas.Seated) Seat {
	return Seat{
		Status: Queued, Queue: queueKey, TicketID: p.TicketID, Attempt: p.Attempt,
		Handle: p.Handle, Rating: p.Rating, Deviation: p.Deviation,
	}
}

// PlayingSeat returns the seat of a player in the game that their ticket led to.
func PlayingSeat(queueKey, gameID string, p schemas.Seated, game *schemas.SeatedGame) Seat {
	seat := QueuedSeat(queueKey, p)
	seat.Status, seat.GameID, seat.Game = Playing, gameID, game
	return seat
}
