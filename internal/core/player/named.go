package player

import (
	"slices"
	"time"

	"tabiya/schemas"
)

const (
	// askedKept bounds State.Asked.
	askedKept = 32
	// askedFor is how long after its deadline a TakeSeat is still recognized. Until then
	// a game whose rematch is refused a second time would believe it.
	askedFor = 5 * time.Minute
)

// takeSeat takes the seat for a named game, or refuses it. Either is told to the queue
// of named games once, whatever comes again.
func (d decision) takeSeat(s *State, p *schemas.TakeSeatPayload) (*State, bool, []schemas.Message) {
	ticket := p.Game.TicketID(p.Color)
	if s.asked(ticket) != nil || p.Game.PlayerID(p.Color) != s.ID {
		return s, false, nil
	}
	n := s.clone()
	n.forget(d.at)
	a := Asked{Ticket: fingerprintID(ticket), Until: p.Game.Deadline.Add(askedFor), Refused: d.refusal(n, p), Offset: d.origin.Offset}
	n.Asked = keepLast(append(n.Asked, a), askedKept)
	if a.Refused != "" {
		n.finish(d)
		return n, true, []schemas.Message{d.refuseSeat(p, a.Refused)}
	}
	r := s.RatingAt(p.Game.TimeControl.Speed(), d.at)
	game := p.Game
	n.Seat = Seat{
		Status: Queued, Queue: schemas.NamedQueueKey(d.cmd.Region, game.GameID), TicketID: ticket, Attempt: 1, Named: &game,
		Handle: s.Handle, Rating: r.Rating, Deviation: r.Deviation,
		Joined: d.origin.Offset, Entered: d.origin.Offset,
	}
	n.finish(d)
	return n, true, []schemas.Message{d.enterQueue(n)}
}

// refusal is why the seat cannot be taken, empty if it can.
func (d decision) refusal(s *State, p *schemas.TakeSeatPayload) schemas.SeatRefusal {
	pending := func(a Asked) bool { return a.Until >= d.at.Add(askedFor) }
	switch {
	case d.at > p.Game.Deadline:
		return schemas.NoAnswer
	case s.Closed:
		return schemas.AccountClosed
	case s.Seat.Status != Idle:
		return schemas.SeatTaken
	case len(s.Asked) >= askedKept && pending(s.Asked[len(s.Asked)-askedKept]): // a repeat could not be recognized
		return schemas.SeatTaken
	}
	return ""
}

// replayTakeSeat returns what takeSeat returned.
func (d decision) replayTakeSeat(s *State, p *schemas.TakeSeatPayload) []schemas.Message {
	a := s.asked(p.Game.TicketID(p.Color))
	switch {
	case a == nil || a.Offset != d.origin.Offset: // long ago, or a repeat
		return nil
	case a.Refused != "":
		return []schemas.Message{d.refuseSeat(p, a.Refused)}
	case s.Seat.Status == Queued && s.Seat.Entered == d.origin.Offset:
		return []schemas.Message{d.enterQueue(s)}
	}
	return nil
}

// asked returns the seat that was asked for with that ticket, nil if none was.
func (s *State) asked(ticket string) *Asked {
	i := slices.IndexFunc(s.Asked, func(a Asked) bool { return a.Ticket == fingerprintID(ticket) })
	if i < 0 {
		return nil
	}
	return &s.Asked[i]
}

// forget drops what need not be recognized any more.
func (s *State) forget(at schemas.Time) {
	s.Asked = slices.DeleteFunc(s.Asked, func(a Asked) bool { return a.Until < at })
}

// refuseSeat tells the queue of named games that the seat was not taken.
func (d decision) refuseSeat(p *schemas.TakeSeatPayload, why schemas.SeatRefusal) schemas.Message {
	game := p.Game
	return schemas.Command{
		ID: schemas.DerivedID(game.TicketID(p.Color), "refuse", 1), Type: schemas.RemoveTicket,
		Key: schemas.NamedQueueKey(d.cmd.Region, game.GameID), Region: d.cmd.Region, Actor: schemas.ActorSystem,
		Payload: &schemas.RemoveTicketPayload{TicketID: game.TicketID(p.Color), PlayerID: d.cmd.Key, Origin: d.origin, Reason: why, Named: &game},
	}
}
