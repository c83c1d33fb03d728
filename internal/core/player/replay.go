package player

import "tabiya/schemas"

// Replay gives what cmd led to when it was judged. It is at or below the row's
// last command, so nothing is judged again. Events come from the outbox; what a
// queue was told is made again from the seat, and a queue drops what it knows
// by its Origin. Once the seat has moved on, the queue must have been told.
func Replay(s *State, cmd schemas.Command, at schemas.Time, origin schemas.Origin) []schemas.Message {
	if s == nil {
		return nil
	}
	j := judge{cmd, at, origin}
	out := s.sentAt(origin.Offset)
	switch p := cmd.Payload.(type) {
	case *schemas.JoinQueuePayload:
		return j.replayJoin(s, p)
	case *schemas.RequeueSeatPayload:
		return j.replayRequeue(s, p)
	case *schemas.RegisterPlayerPayload, *schemas.UpdatePlayerPayload:
		return j.orAnswer(s, out)
	}
	switch cmd.Type {
	case schemas.ClosePlayer:
		if len(out) > 0 && s.Seat.Status == Queued && s.Seat.Joined < origin.Offset {
			out = append(out, j.withdrawClosed(s))
		}
		return j.orAnswer(s, out)
	case schemas.LeaveQueue:
		return j.replayLeave(s)
	}
	return out
}

func (s *State) sentAt(offset int64) (out []schemas.Message) {
	for _, sent := range s.Outbox {
		if sent.Offset == offset {
			out = append(out, sent.Event)
		}
	}
	return out
}

// orAnswer is out or, if the command had no event, the reply it had: to a repeat,
// or to a refusal whose reason is not known any more.
func (j judge) orAnswer(s *State, out []schemas.Message) []schemas.Message {
	if len(out) > 0 {
		return out
	}
	a, ok := s.acceptedBefore(j.cmd)
	switch {
	case ok && a.Offset < j.origin.Offset:
		return j.repeat(a)
	case ok && a.Offset == j.origin.Offset:
		return nil
	case len(s.Accepted) == acceptedKept && j.origin.Offset < s.Accepted[0].Offset:
		return nil // what became of it is forgotten; so long ago, its answer has arrived
	}
	return j.refuse(schemas.CodeNotAccepted, "The command was refused before.")
}

func (j judge) replayJoin(s *State, p *schemas.JoinQueuePayload) []schemas.Message {
	if s.Seat.TicketID != j.cmd.ID {
		return j.orAnswer(s, nil)
	}
	switch {
	case j.origin.Offset > s.Seat.Joined:
		return j.joinAgain(s, p)
	case j.origin.Offset < s.Seat.Joined:
		return j.orAnswer(s, nil)
	case s.Seat.Status == Queued && s.Seat.Attempt == 1:
		return []schemas.Message{j.enterFirst(s)}
	}
	return nil
}

func (j judge) replayLeave(s *State) []schemas.Message {
	if a, ok := s.acceptedBefore(j.cmd); ok && a.Offset <= j.origin.Offset {
		return j.leaveAgain(s, a)
	}
	return j.orAnswer(s, nil)
}

func (j judge) replayRequeue(s *State, p *schemas.RequeueSeatPayload) []schemas.Message {
	switch {
	case s.Seat.TicketID != p.TicketID:
		return []schemas.Message{j.disown(p)}
	case s.Seat.Status == Queued && s.Seat.Entered == j.origin.Offset:
		return []schemas.Message{j.enterNext(s)}
	}
	return nil
}
