package player

import "tabiya/schemas"

const keyReused = "The idempotency key was used for something else."

// emit counts an event and puts it into the outbox.
func (j judge) emit(n *State, t schemas.EventType, payload any) schemas.Event {
	n.Seq++
	e := schemas.Event{
		ID: schemas.EventID(n.ID, n.Seq), Type: t, Key: n.ID, Seq: n.Seq, OccurredAt: j.at,
		Region: j.cmd.Region, CommandID: j.cmd.ID, Payload: payload,
	}
	n.Outbox = append(n.Outbox, Sent{j.origin.Offset, e})
	return e
}

// accept emits the one event of a client's command and remembers the command.
func (j judge) accept(n *State, t schemas.EventType, payload any) (*State, bool, []schemas.Message) {
	e := j.emit(n, t, payload)
	n.remember(j, n.Seq)
	n.stamp(j)
	return n, true, []schemas.Message{e}
}

// answered reports whether somebody waits for a reply: a processor never does.
func (j judge) answered() bool { return j.cmd.Actor != schemas.ActorSystem && j.cmd.Actor != "" }

func (j judge) reply(r schemas.Reply) []schemas.Message {
	if !j.answered() {
		return nil
	}
	r.CommandID, r.CommandType, r.Key = j.cmd.ID, j.cmd.Type, j.cmd.Key
	r.Region, r.Actor, r.OccurredAt = j.cmd.Region, j.cmd.Actor, j.at
	return []schemas.Message{r}
}

func (j judge) refuse(code schemas.Code, detail string) []schemas.Message {
	return j.reply(schemas.Reply{Type: schemas.CommandRejected, Code: code, Detail: detail})
}

// repeat answers a command that was accepted before, as a.
func (j judge) repeat(a Accepted) []schemas.Message {
	if a.Print != fingerprint(j.cmd) {
		return j.refuse(schemas.CodeKeyReused, keyReused)
	}
	return j.reply(schemas.Reply{Type: schemas.CommandRepeated, Seq: a.Seq})
}

// from is the place of a command of this player's partition at offset.
func (j judge) from(offset int64) schemas.Origin {
	o := j.origin
	o.Offset = offset
	return o
}

// enterFirst sends the ticket to its queue under the JoinQueue's own id, so that
// the queue answers the client.
func (j judge) enterFirst(n *State) schemas.Message {
	return schemas.Command{
		ID: j.cmd.ID, Type: schemas.EnterQueue, Key: n.Seat.Queue, Region: j.cmd.Region, Actor: j.cmd.Actor,
		Payload: n.ticket(0, j.from(n.Seat.Joined)),
	}
}

// enterNext sends the ticket to its queue again, for the seat's present attempt.
func (j judge) enterNext(n *State) schemas.Message {
	return schemas.Command{
		ID:   schemas.DerivedID(n.Seat.TicketID, "enter", int64(n.Seat.Attempt)),
		Type: schemas.EnterQueue, Key: n.Seat.Queue, Region: j.cmd.Region, Actor: schemas.ActorSystem,
		Payload: n.ticket(n.Seat.Attempt, j.from(n.Seat.Entered)),
	}
}

func (s *State) ticket(attempt int, origin schemas.Origin) *schemas.EnterQueuePayload {
	return &schemas.EnterQueuePayload{
		TicketID: s.Seat.TicketID, PlayerID: s.ID, Handle: s.Seat.Handle,
		Rating: s.Seat.Rating, Deviation: s.Seat.Deviation, Attempt: attempt, Origin: origin,
	}
}

// withdraw forwards the LeaveQueue that was accepted at offset, under its own id.
func (j judge) withdraw(n *State, offset int64) schemas.Message {
	return schemas.Command{
		ID: j.cmd.ID, Type: schemas.RemoveTicket, Key: n.Seat.Queue, Region: j.cmd.Region, Actor: j.cmd.Actor,
		Payload: &schemas.RemoveTicketPayload{TicketID: n.Seat.TicketID, PlayerID: n.ID, Origin: j.from(offset)},
	}
}

// withdrawClosed takes the ticket of a closed account out of its queue.
func (j judge) withdrawClosed(n *State) schemas.Message {
	return schemas.Command{
		ID: schemas.DerivedID(n.Seat.TicketID, "close", 1), Type: schemas.RemoveTicket, Key: n.Seat.Queue,
		Region: j.cmd.Region, Actor: schemas.ActorSystem,
		Payload: &schemas.RemoveTicketPayload{TicketID: n.Seat.TicketID, PlayerID: n.ID, Origin: j.origin},
	}
}

// disown tells the queue that the seat does not back a ticket any more.
func (j judge) disown(p *schemas.RequeueSeatPayload) schemas.Message {
	return schemas.Command{
		ID: schemas.DerivedID(p.TicketID, "disown", int64(p.Attempt)), Type: schemas.RemoveTicket, Key: p.Queue,
		Region: j.cmd.Region, Actor: schemas.ActorSystem,
		Payload: &schemas.RemoveTicketPayload{TicketID: p.TicketID, PlayerID: j.cmd.Key, Origin: j.origin},
	}
}
