package queue

import (
	"github.com/google/uuid"

	"tabiya/schemas"
)

// answerRepeat answers a repeated command from what the row still knows.
func (d decision) answerRepeat(s *State) []schemas.Message {
	switch p := d.cmd.Payload.(type) {
	case *schemas.EnterQueuePayload:
		return d.repeatEnter(s, p)
	case *schemas.RemoveTicketPayload:
		return d.repeatRemove(s, p)
	}
	return nil
}

// repeatEnter answers a repeated EnterQueue.
func (d decision) repeatEnter(s *State, p *schemas.EnterQueuePayload) []schemas.Message {
	if p.Attempt > 0 || p.Named != nil {
		return nil
	}
	id, _ := uuid.Parse(p.TicketID)
	if t := s.ticket(id); t != nil {
		return d.repeated(t.Seq)
	}
	f := s.findFact(func(_ *Entry, f *fact) bool {
		return f.white.TicketID == id && (f.kind == entered || f.refusedAtEntry())
	})
	switch {
	case f == nil:
		return d.repeated(0)
	case f.kind == entered:
		return d.repeated(f.seq)
	default:
		return d.messages([]fact{*f})
	}
}

// repeatRemove answers a repeated RemoveTicket.
func (d decision) repeatRemove(s *State, p *schemas.RemoveTicketPayload) []schemas.Message {
	if schemas.IsNamedQueue(d.cmd.Key) {
		return nil
	}
	command, _ := uuid.Parse(d.cmd.ID)
	f := s.findFact(func(e *Entry, f *fact) bool {
		return e.CommandID == command && (f.kind == left || f.kind == refused)
	})
	id, _ := uuid.Parse(p.TicketID)
	switch {
	case f != nil && f.kind == left:
		return d.repeated(f.seq)
	case f != nil:
		return d.refuse(f.code)
	case s.ticket(id) != nil: // had the command been accepted, it would be gone
		return d.refuse(schemas.CodeAlreadyMatched)
	default:
		return d.repeated(0)
	}
}

// removalRefusal is why a ticket that is not waiting cannot be removed.
func (s *State) removalRefusal(ticket uuid.UUID) schemas.Code {
	f := s.findFact(func(_ *Entry, f *fact) bool {
		return f.white.TicketID == ticket && (f.kind == left || f.refusedAtEntry())
	})
	if f != nil {
		return schemas.CodeNotQueued
	}
	return schemas.CodeAlreadyMatched
}

// refusedAtEntry reports whether the ticket never entered the queue.
func (f *fact) refusedAtEntry() bool { return f.kind == refused && f.code == schemas.CodeQueueFull }

// findFact returns the first matching fact in the outbox, or nil.
func (s *State) findFact(matches func(*Entry, *fact) bool) *fact {
	for i := range s.Outbox {
		facts := s.Outbox[i].facts()
		for k := range facts {
			if matches(&s.Outbox[i], &facts[k]) {
				return &facts[k]
			}
		}
	}
	return nil
}

// ticket returns the waiting or matched ticket with that ID, or nil.
func (s *State) ticket(id uuid.UUID) *Ticket {
	for i := range s.Waiting {
		if s.Waiting[i].TicketID == id {
			return &s.Waiting[i]
		}
	}
	for i := range s.Matches {
		m := &s.Matches[i]
		if m.White.TicketID == id {
			return &m.White
		}
		if m.Black.TicketID == id {
			return &m.Black
		}
	}
	return nil
}
