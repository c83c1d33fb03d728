package player

import "tabiya/schemas"

func (d decision) join(s *State, p *schemas.JoinQueuePayload) (*State, bool, []schemas.Message) {
	if s.Seat.TicketID == d.cmd.ID {
		return s, false, d.repeatJoin(s, p)
	}
	if a, ok := s.acceptedBefore(d.cmd); ok {
		return s, false, d.repeat(a)
	}
	_, pool, _, known := schemas.SplitQueueKey(p.Queue)
	switch {
	case s.Closed:
		return s, false, d.refuse(schemas.CodePlayerClosed, "The account is closed.")
	case s.Seat.Named != nil:
		return s, false, d.refuse(schemas.CodeAlreadyPlaying, "A game against you is about to start.")
	case s.Seat.Status == Queued:
		return s, false, d.refuse(schemas.CodeAlreadyQueued, "You are already waiting in a queue.")
	case s.Seat.Status == Playing:
		return s, false, d.refuse(schemas.CodeAlreadyPlaying, "You are already playing a game.")
	case d.at < s.Missed.Until():
		return s, false, d.refuse(schemas.CodeJoinTooSoon, s.Missed.WaitDetail(d.at))
	case !known:
		return s, false, d.refuse(schemas.CodeQueueNotFound, "No queue has this name.")
	}
	tc, _ := schemas.PoolTimeControl(pool)
	r := s.RatingAt(tc.Speed(), d.at)
	n := s.clone()
	n.Seat = Seat{
		Status: Queued, Queue: p.Queue, TicketID: d.cmd.ID, Attempt: 1,
		Handle: s.Handle, Rating: r.Rating, Deviation: r.Deviation,
		Joined: d.origin.Offset, Entered: d.origin.Offset, Holder: p.Holder, Since: d.at,
	}
	n.addAccepted(d, 0)
	n.finish(d)
	return n, true, []schemas.Message{d.enterQueue(n)}
}

// repeatJoin answers a repeated JoinQueue whose ticket still holds the seat. The queue
// knows what came of it, so while the ticket is queued the same EnterQueue is sent
// again, byte for byte.
func (d decision) repeatJoin(s *State, p *schemas.JoinQueuePayload) []schemas.Message {
	switch {
	case p.Queue != s.Seat.Queue:
		return d.refuse(schemas.CodeKeyReused, keyReused)
	case s.Seat.Status == Queued:
		return []schemas.Message{d.enterQueue(s)}
	default:
		return d.repeat(Accepted{Print: fingerprint(d.cmd)})
	}
}

func (d decision) leave(s *State) (*State, bool, []schemas.Message) {
	if a, ok := s.acceptedBefore(d.cmd); ok {
		return s, false, d.repeatLeave(s, a)
	}
	switch {
	case s.Seat.Status == Idle || s.Seat.Named != nil:
		return s, false, d.refuse(schemas.CodeNotQueued, "You are not waiting in a queue.")
	case s.Seat.Status == Playing:
		return s, false, d.refuse(schemas.CodeAlreadyMatched, "Your game has started.")
	}
	n := s.clone()
	n.addAccepted(d, 0)
	n.finish(d)
	return n, true, []schemas.Message{d.withdrawTicket(n, d.origin.Offset)}
}

// repeatLeave answers a repeated LeaveQueue that was accepted as a. If the ticket it
// was about still holds the seat, the queue knows what came of it, and the same
// RemoveTicket is sent again.
func (d decision) repeatLeave(s *State, a Accepted) []schemas.Message {
	if a.Print == fingerprint(d.cmd) && s.Seat.Status != Idle && s.Seat.Joined < a.Offset {
		return []schemas.Message{d.withdrawTicket(s, a.Offset)}
	}
	return d.repeat(a)
}

func (d decision) release(s *State, p *schemas.ReleaseSeatPayload) (*State, bool, []schemas.Message) {
	queued := s.Seat.Status == Queued
	playing := p.GameID != "" && s.Seat.Status == Playing && s.Seat.GameID == p.GameID
	if s.Seat.TicketID != p.TicketID || (!queued && !playing) {
		return s, false, nil
	}
	n := s.clone()
	n.Seat = Seat{}
	n.finish(d)
	return n, true, nil
}

func (d decision) requeue(s *State, p *schemas.RequeueSeatPayload) (*State, bool, []schemas.Message) {
	if s.Seat.TicketID != p.TicketID {
		// The game ended although its match had expired, or the account was closed:
		// the ticket no longer holds the seat.
		return s, false, []schemas.Message{d.withdrawOrphan(p)}
	}
	queued := s.Seat.Status == Queued
	playing := s.Seat.Status == Playing && s.Seat.GameID == p.GameID
	if s.Seat.Attempt != p.Attempt-1 || (!queued && !playing) {
		return s, false, nil
	}
	n := s.clone()
	n.finish(d)
	if s.Closed {
		n.Seat = Seat{}
		return n, true, []schemas.Message{d.withdrawOrphan(p)}
	}
	n.Seat.Status, n.Seat.GameID, n.Seat.Game = Queued, "", nil
	n.Seat.Attempt, n.Seat.Entered = p.Attempt, d.origin.Offset
	return n, true, []schemas.Message{d.reenterQueue(n)}
}

func (d decision) seatInGame(s *State, p *schemas.SeatInGamePayload) (*State, bool, []schemas.Message) {
	if s.Seat.Status != Queued || s.Seat.TicketID != p.TicketID || s.Seat.Attempt != p.Attempt {
		return s, false, nil
	}
	n := s.clone()
	n.Seat.Status, n.Seat.GameID, n.Seat.Game, n.Seat.Named = Playing, p.GameID, p.Game, nil
	n.finish(d)
	return n, true, nil
}
