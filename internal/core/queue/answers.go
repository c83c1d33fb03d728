package queue

import (
	"github.com/google/uuid"

	"tabiya/schemas"
)

// known answers a command that came before, by what the row remembers.
func (j judge) known(s *State) []schemas.Message {
	switch p := j.cmd.Payload.(type) {
	case *schemas.EnterQueuePayload:
		return j.enteredBefore(s, p)
	case *schemas.RemoveTicketPayload:
		return j.removedBefore(s, p)
	}
	return nil
}

// enteredBefore answers an EnterQueue that came before with what came of it.
func (j judge) enteredBefore(s *State, p *schemas.EnterQueuePayload) []schemas.Message {
	if p.Attempt > 0 {
		return nil
	}
	id, _ := uuid.Parse(p.TicketID)
	if t := s.ticket(id); t != nil {
		return j.repeated(t.Seq)
	}
	f := s.recall(func(_ *Entry, f *fact) bool {
		return f.white.TicketID == id && (f.kind == entered || f.neverIn())
	})
	switch {
	case f == nil:
		return j.repeated(0)
	case f.kind == entered:
		return j.repeated(f.seq)
	default:
		return j.messages([]fact{*f})
	}
}

// removedBefore answers a RemoveTicket that came before with what came of it.
func (j judge) removedBefore(s *State, p *schemas.RemoveTicketPayload) []schemas.Message {
	command, _ := uuid.Parse(j.cmd.ID)
	f := s.recall(func(e *Entry, f *fact) bool {
		return e.CommandID == command && (f.kind == left || f.kind == refused)
	})
	id, _ := uuid.Parse(p.TicketID)
	switch {
	case f != nil && f.kind == left:
		return j.repeated(f.seq)
	case f != nil:
		return j.refuse(f.code)
	case s.ticket(id) != nil: // it would be gone
		return j.refuse(schemas.CodeAlreadyMatched)
	default:
		return j.repeated(0)
	}
}

// whyGone is the refusal for a ticket that does not wait.
func (s *State) whyGone(ticket uuid.UUID) schemas.Code {
	f := s.recall(func(_ *Entry, f *fact) bool {
		return f.white.TicketID == ticket && (f.kind == left || f.neverIn())
	})
	if f != nil {
		return schemas.CodeNotQueued
	}
	return schemas.CodeAlreadyMatched
}

// neverIn: the ticket was refused when it came.
func (f *fact) neverIn() bool { return f.kind == refused && f.code == schemas.CodeQueueFull }

// recall finds the first fact in the outbox that fits; nil if there is none.
func (s *State) recall(fits func(*Entry, *fact) bool) *fact {
	for i := range s.Outbox {
		facts := s.Outbox[i].facts()
		for k := range facts {
			if fits(&s.Outbox[i], &facts[k]) {
				return &facts[k]
			}
		}
	}
	return nil
}

// ticket finds a ticket that waits or is matched.
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
