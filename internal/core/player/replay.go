package player

import "tabiya/schemas"

// Replay returns the messages that an earlier Decide returned for cmd. The command is
// at or below the row's last one, so nothing is decided again. Events come from the
// outbox. Commands to a queue are rebuilt from the seat; the queue recognises repeats
// by their Origin. If the seat has changed since, the queue has already received them.
func Replay(s *State, cmd schemas.Command, at schemas.Time, origin schemas.Origin) []schemas.Message {
	if s == nil {
		return nil
	}
	d := decision{cmd, at, origin}
	out := s.outboxAt(origin.Offset)
	switch p := cmd.Payload.(type) {
	case *schemas.JoinQueuePayload:
		return d.replayJoin(s, p)
	case *schemas.RequeueSeatPayload:
		return d.replayRequeue(s, p)
	case *schemas.RecordResultPayload:
		return d.replayResult(s, p, out)
	case *schemas.TakeSeatPayload:
		return d.replayTakeSeat(s, p)
	case *schemas.RegisterPlayerPayload, *schemas.UpdatePlayerPayload, *schemas.EndSessionsPayload:
		return d.eventsOrReply(s, out)
	}
	switch cmd.Type {
	case schemas.ClosePlayer:
		if len(out) > 0 && s.Seat.Status == Queued && s.Seat.Joined < origin.Offset {
			out = append(out, d.withdrawOnClose(s))
		}
		return d.eventsOrReply(s, out)
	case schemas.LeaveQueue:
		return d.replayLeave(s)
	}
	return out
}

func (s *State) outboxAt(offset int64) (out []schemas.Message) {
	for _, sent := range s.Outbox {
		if sent.Offset == offset {
			out = append(out, sent.Event)
		}
	}
	return out
}

// eventsOrReply returns out or, if the command had no event, its reply: that to a
// repeat, or a refusal whose reason is no longer known.
func (d decision) eventsOrReply(s *State, out []schemas.Message) []schemas.Message {
	if len(out) > 0 {
		return out
	}
	a, ok := s.acceptedBefore(d.cmd)
	switch {
	case ok && a.Offset < d.origin.Offset:
		return d.repeat(a)
	case ok && a.Offset == d.origin.Offset:
		return nil
	case len(s.Accepted) == acceptedKept && d.origin.Offset < s.Accepted[0].Offset:
		return nil // too long ago to be known, and so to be still waiting for its answer
	}
	return d.refuse(schemas.CodeNotAccepted, "The command was refused before.")
}

func (d decision) replayJoin(s *State, p *schemas.JoinQueuePayload) []schemas.Message {
	if s.Seat.TicketID != d.cmd.ID {
		return d.eventsOrReply(s, nil)
	}
	switch {
	case d.origin.Offset > s.Seat.Joined:
		return d.repeatJoin(s, p)
	case d.origin.Offset < s.Seat.Joined:
		return d.eventsOrReply(s, nil)
	case s.Seat.Status == Queued && s.Seat.Attempt == 1:
		return []schemas.Message{d.enterQueue(s)}
	}
	return nil
}

func (d decision) replayLeave(s *State) []schemas.Message {
	if a, ok := s.acceptedBefore(d.cmd); ok && a.Offset <= d.origin.Offset {
		return d.repeatLeave(s, a)
	}
	return d.eventsOrReply(s, nil)
}

func (d decision) replayRequeue(s *State, p *schemas.RequeueSeatPayload) []schemas.Message {
	switch {
	case s.Seat.TicketID != p.TicketID:
		return []schemas.Message{d.withdrawOrphan(p)}
	case s.Seat.Status == Queued && s.Seat.Entered == d.origin.Offset:
		return []schemas.Message{d.reenterQueue(s)}
	}
	return nil
}
