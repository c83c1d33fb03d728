package player

import "tabiya/schemas"

const keyReused = "The idempotency key was used for another command."

// emit makes the next event and adds it to the outbox.
func (d decision) emit(n *State, t schemas.EventType, payload any) schemas.Event {
	n.Seq++
	e := schemas.Event{
		ID: schemas.EventID(n.ID, n.Seq), Type: t, Key: n.ID, Seq: n.Seq, OccurredAt: d.at,
		Region: d.cmd.Region, CommandID: d.cmd.ID, Payload: payload,
	}
	n.Outbox = append(n.Outbox, Sent{d.origin.Offset, e})
	return e
}

// accept emits the single event of a client's command and records the command.
func (d decision) accept(n *State, t schemas.EventType, payload any) (*State, bool, []schemas.Message) {
	e := d.emit(n, t, payload)
	n.addAccepted(d, n.Seq)
	n.finish(d)
	return n, true, []schemas.Message{e}
}

// expectsReply reports whether the sender waits for a reply. Processors do not.
func (d decision) expectsReply() bool { return d.cmd.Actor != schemas.ActorSystem && d.cmd.Actor != "" }

func (d decision) reply(r schemas.Reply) []schemas.Message {
	if !d.expectsReply() {
		return nil
	}
	r.CommandID, r.CommandType, r.Key = d.cmd.ID, d.cmd.Type, d.cmd.Key
	r.Region, r.Actor, r.OccurredAt = d.cmd.Region, d.cmd.Actor, d.at
	return []schemas.Message{r}
}

func (d decision) refuse(code schemas.Code, detail string) []schemas.Message {
	return d.reply(schemas.Reply{Type: schemas.CommandRejected, Code: code, Detail: detail})
}

// repeat answers a command that was accepted before as a.
func (d decision) repeat(a Accepted) []schemas.Message {
	if a.Print != fingerprint(d.cmd) {
		return d.refuse(schemas.CodeKeyReused, keyReused)
	}
	return d.reply(schemas.Reply{Type: schemas.CommandRepeated, Seq: a.Seq})
}

// originAt is the origin of the command at that offset of this player's partition.
func (d decision) originAt(offset int64) schemas.Origin {
	o := d.origin
	o.Offset = offset
	return o
}

// enterQueue sends the ticket to its queue. The command has the ID of the JoinQueue,
// so the queue's answer reaches the client.
func (d decision) enterQueue(n *State) schemas.Message {
	return schemas.Command{
		ID: d.cmd.ID, Type: schemas.EnterQueue, Key: n.Seat.Queue, Region: d.cmd.Region, Actor: d.cmd.Actor,
		Payload: n.ticket(0, d.originAt(n.Seat.Joined)),
	}
}

// enterAgain sends a ticket to the queue without a client's command. Its id is derived
// from the ticket's.
func (d decision) enterAgain(n *State) schemas.Message {
	return schemas.Command{
		ID: schemas.DerivedID(n.Seat.TicketID, "enter", 1), Type: schemas.EnterQueue, Key: n.Seat.Queue, Region: d.cmd.Region,
		Actor: schemas.ActorSystem, Payload: n.ticket(0, d.originAt(n.Seat.Joined)),
	}
}

// reenterQueue tells the queue that the ticket may be paired again, in the seat's
// current attempt.
func (d decision) reenterQueue(n *State) schemas.Message {
	return schemas.Command{
		ID:   schemas.DerivedID(n.Seat.TicketID, "enter", int64(n.Seat.Attempt)),
		Type: schemas.EnterQueue, Key: n.Seat.Queue, Region: d.cmd.Region, Actor: schemas.ActorSystem,
		Payload: n.ticket(n.Seat.Attempt, d.originAt(n.Seat.Entered)),
	}
}

func (s *State) ticket(attempt int, origin schemas.Origin) *schemas.EnterQueuePayload {
	var since schemas.Time
	if s.Seat.Again {
		since = s.Seat.Since
	}
	return &schemas.EnterQueuePayload{
		TicketID: s.Seat.TicketID, PlayerID: s.ID, Handle: s.Seat.Handle,
		Rating: s.Seat.Rating, Deviation: s.Seat.Deviation, Attempt: attempt, Origin: origin, Holder: s.Seat.Holder, Since: since, Named: s.Seat.Named,
	}
}

// withdrawTicket forwards the LeaveQueue that was accepted at offset, with its ID.
func (d decision) withdrawTicket(n *State, offset int64) schemas.Message {
	return schemas.Command{
		ID: d.cmd.ID, Type: schemas.RemoveTicket, Key: n.Seat.Queue, Region: d.cmd.Region, Actor: d.cmd.Actor,
		Payload: &schemas.RemoveTicketPayload{TicketID: n.Seat.TicketID, PlayerID: n.ID, Origin: d.originAt(offset)},
	}
}

// withdrawOnClose removes the ticket of a closed account from its queue.
func (d decision) withdrawOnClose(n *State) schemas.Message {
	var reason schemas.SeatRefusal
	if n.Seat.Named != nil {
		reason = schemas.AccountClosed
	}
	return schemas.Command{
		ID: schemas.DerivedID(n.Seat.TicketID, "close", 1), Type: schemas.RemoveTicket, Key: n.Seat.Queue,
		Region: d.cmd.Region, Actor: schemas.ActorSystem,
		Payload: &schemas.RemoveTicketPayload{TicketID: n.Seat.TicketID, PlayerID: n.ID, Origin: d.origin, Reason: reason},
	}
}

// withdrawOrphan removes a ticket that no longer holds the seat from its queue.
func (d decision) withdrawOrphan(p *schemas.RequeueSeatPayload) schemas.Message {
	return schemas.Command{
		ID: schemas.DerivedID(p.TicketID, "disown", int64(p.Attempt)), Type: schemas.RemoveTicket, Key: p.Queue,
		Region: d.cmd.Region, Actor: schemas.ActorSystem,
		Payload: &schemas.RemoveTicketPayload{TicketID: p.TicketID, PlayerID: d.cmd.Key, Origin: d.origin},
	}
}
