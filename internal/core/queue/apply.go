package queue

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"tabiya/schemas"
)

// Apply returns the row after an event that was read from the log: its tickets, its
// matches and who had White. What no event carries is missing: the handles and
// deviations of waiting tickets, and the results of commands. A nil s is a queue that
// nobody has joined. s is changed and must not be used any more. An event that was
// applied before changes nothing. Returns an error if an earlier event is missing.
func Apply(s *State, ev schemas.Event) (*State, error) {
	if s == nil {
		s = &State{Key: ev.Key}
	}
	switch {
	case ev.Seq <= s.Seq:
		return s, nil
	case ev.Seq > s.Seq+1:
		return nil, fmt.Errorf("queue %s: event %d after %d: an event is missing", ev.Key, ev.Seq, s.Seq)
	}
	s.Seq, s.LastWave = ev.Seq, ev.OccurredAt
	switch p := ev.Payload.(type) {
	case *schemas.PlayerQueuedPayload:
		party := Party{TicketID: parsed(p.TicketID), PlayerID: parsed(p.PlayerID), Rating: p.Rating, Attempt: 1}
		s.Waiting = append(s.Waiting, Ticket{Party: party, JoinedAt: ev.OccurredAt, Seq: ev.Seq})
	case *schemas.PlayerLeftQueuePayload:
		s.takeWaiting(parsed(p.TicketID))
	case *schemas.MatchFoundPayload:
		white, black := s.takeSeated(p.White), s.takeSeated(p.Black)
		s.Matches = append(s.Matches, Match{GameID: parsed(p.GameID), Deadline: p.Deadline, White: white, Black: black, Named: p.Named})
		if p.Named != nil {
			break
		}
		s.removeWhite(white.PlayerID)
		s.Whites = append(s.Whites, fingerprint(white.PlayerID))
		s.Whites = s.Whites[max(0, len(s.Whites)-whitesKept):]
	case *schemas.MatchConfirmedPayload:
		s.takeMatch(p.GameID)
	case *schemas.MatchFailedPayload:
		if m, ok := s.takeMatch(p.GameID); ok && m.Named == nil {
			s.removeWhite(m.White.PlayerID)
			s.reinsert(m.White, ev.OccurredAt)
			s.reinsert(m.Black, ev.OccurredAt)
		}
	default:
		return nil, fmt.Errorf("queue %s: event %d has the payload %T", ev.Key, ev.Seq, ev.Payload)
	}
	return s, nil
}

// parsed returns a UUID, or the zero one for text that is none.
func parsed(id string) uuid.UUID {
	u, _ := uuid.Parse(id)
	return u
}

func (s *State) takeWaiting(ticket uuid.UUID) Ticket {
	i := slices.IndexFunc(s.Waiting, func(t Ticket) bool { return t.TicketID == ticket })
	if i < 0 {
		return Ticket{JoinedAt: s.LastWave, Seq: s.Seq}
	}
	t := s.Waiting[i]
	s.Waiting = slices.Delete(s.Waiting, i, i+1)
	return t
}

// takeSeated returns the ticket of a side of a match.
func (s *State) takeSeated(p schemas.Seated) Ticket {
	t := s.takeWaiting(parsed(p.TicketID))
	t.Party = Party{parsed(p.TicketID), parsed(p.PlayerID), p.Handle, p.Rating, p.Deviation, p.Attempt}
	t.Returning = false
	return t
}

func (s *State) takeMatch(gameID string) (m Match, ok bool) {
	i := s.match(gameID)
	if i < 0 {
		return m, false
	}
	m = s.Matches[i]
	s.Matches = slices.Delete(s.Matches, i, i+1)
	return m, true
}
