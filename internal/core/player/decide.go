package player

import (
	"math"
	"slices"

	"tabiya/internal/core/rating"
	"tabiya/schemas"
)

// decision is one command in Decide or Replay.
type decision struct {
	cmd schemas.Command
	at  schemas.Time
	// origin is the command's partition and offset. Commands sent to a queue carry it.
	origin schemas.Origin
}

// Decide handles a new command at broker time at. A nil s is a player who is not
// registered. If changed, next is the row to store; s is never modified. out are the
// events, commands and replies to send.
func Decide(s *State, cmd schemas.Command, at schemas.Time, origin schemas.Origin) (next *State, changed bool, out []schemas.Message) {
	d := decision{cmd, at, origin}
	if s == nil && cmd.Type != schemas.RegisterPlayer {
		return nil, false, d.refuse(schemas.CodePlayerNotFound, "No such player is registered.")
	}
	switch p := cmd.Payload.(type) {
	case *schemas.RegisterPlayerPayload:
		return d.register(s, p)
	case *schemas.UpdatePlayerPayload:
		return d.update(s, p)
	case *schemas.JoinQueuePayload:
		return d.join(s, p)
	case *schemas.ReleaseSeatPayload:
		return d.release(s, p)
	case *schemas.RequeueSeatPayload:
		return d.requeue(s, p)
	case *schemas.SeatInGamePayload:
		return d.seatInGame(s, p)
	case *schemas.RecordResultPayload:
		return d.recordResult(s, p)
	}
	switch cmd.Type {
	case schemas.ClosePlayer:
		return d.close(s)
	case schemas.LeaveQueue:
		return d.leave(s)
	}
	return s, false, nil
}

func (d decision) register(s *State, p *schemas.RegisterPlayerPayload) (*State, bool, []schemas.Message) {
	if s != nil {
		if a, ok := s.acceptedBefore(d.cmd); ok {
			return s, false, d.repeat(a)
		}
		return s, false, d.refuse(schemas.CodePlayerExists, "This player is already registered.")
	}
	if !schemas.ValidID(d.cmd.Key) || !validProfile(p.Handle, p.Country) {
		return nil, false, d.refuse(schemas.CodeInvalidField, "The player's id, handle or country is invalid.")
	}
	if !schemas.ValidRegion(d.cmd.Region) {
		return nil, false, d.refuse(schemas.CodeUnknownRegion, "No region has this name.")
	}
	n := &State{ID: d.cmd.Key, Handle: p.Handle, Country: p.Country, Region: d.cmd.Region, Revision: 1}
	return d.accept(n, schemas.PlayerRegistered, &schemas.PlayerFacts{Handle: p.Handle, Country: p.Country})
}

func (d decision) update(s *State, p *schemas.UpdatePlayerPayload) (*State, bool, []schemas.Message) {
	if a, ok := s.acceptedBefore(d.cmd); ok {
		return s, false, d.repeat(a)
	}
	switch {
	case s.Closed:
		return s, false, d.refuse(schemas.CodePlayerClosed, "The account is closed.")
	case p.Revision <= s.Revision:
		// A newer revision was applied before: this one is outdated.
		return s, false, d.repeat(Accepted{Print: fingerprint(d.cmd)})
	case !validProfile(p.Handle, p.Country) || !schemas.ValidRegion(d.cmd.Region):
		return s, false, d.refuse(schemas.CodeInvalidField, "The player's handle, country or region is invalid.")
	}
	n := s.clone()
	n.Handle, n.Country, n.Region, n.Revision = p.Handle, p.Country, d.cmd.Region, p.Revision
	return d.accept(n, schemas.PlayerUpdated, &schemas.PlayerFacts{Handle: p.Handle, Country: p.Country})
}

func (d decision) close(s *State) (*State, bool, []schemas.Message) {
	if a, ok := s.acceptedBefore(d.cmd); ok {
		return s, false, d.repeat(a)
	}
	if s.Closed {
		return s, false, d.refuse(schemas.CodePlayerClosed, "The account is already closed.")
	}
	n := s.clone()
	n.Closed = true
	n, changed, out := d.accept(n, schemas.PlayerClosed, &schemas.PlayerClosedPayload{})
	if n.Seat.Status == Queued {
		out = append(out, d.withdrawOnClose(n))
	}
	return n, changed, out
}

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
	case s.Seat.Status == Queued:
		return s, false, d.refuse(schemas.CodeAlreadyQueued, "You are already waiting in a queue.")
	case s.Seat.Status == Playing:
		return s, false, d.refuse(schemas.CodeAlreadyPlaying, "You are already playing a game.")
	case !known:
		return s, false, d.refuse(schemas.CodeQueueNotFound, "No queue has this name.")
	}
	tc, _ := schemas.PoolTimeControl(pool)
	r := s.Rating(tc.Speed())
	n := s.clone()
	n.Seat = Seat{
		Status: Queued, Queue: p.Queue, TicketID: d.cmd.ID, Attempt: 1,
		Handle: s.Handle, Rating: r.Rating, Deviation: r.Deviation,
		Joined: d.origin.Offset, Entered: d.origin.Offset,
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
	switch s.Seat.Status {
	case Idle:
		return s, false, d.refuse(schemas.CodeNotQueued, "You are not waiting in a queue.")
	case Playing:
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
	if s.Seat.Status != Queued || s.Seat.TicketID != p.TicketID {
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
	n.Seat.Status, n.Seat.GameID = Queued, ""
	n.Seat.Attempt, n.Seat.Entered = p.Attempt, d.origin.Offset
	return n, true, []schemas.Message{d.reenterQueue(n)}
}

func (d decision) seatInGame(s *State, p *schemas.SeatInGamePayload) (*State, bool, []schemas.Message) {
	if s.Seat.Status != Queued || s.Seat.TicketID != p.TicketID || s.Seat.Attempt != p.Attempt {
		return s, false, nil
	}
	n := s.clone()
	n.Seat.Status, n.Seat.GameID = Playing, p.GameID
	n.finish(d)
	return n, true, nil
}

// recordResult updates the rating and frees the seat in one step, so that a player
// who can join again already has the new rating.
func (d decision) recordResult(s *State, p *schemas.RecordResultPayload) (*State, bool, []schemas.Message) {
	frees := s.Seat.Status == Playing && s.Seat.GameID == p.GameID
	rates := p.Rated && validResult(p) && !slices.Contains(s.Games, fingerprintID(p.GameID))
	if !frees && !rates {
		return s, false, nil
	}
	n := s.clone()
	if frees {
		n.Seat = Seat{}
	}
	var out []schemas.Message
	if rates {
		out = append(out, d.rate(n, p))
	}
	n.finish(d)
	return n, true, out
}

func validResult(p *schemas.RecordResultPayload) bool {
	number := !math.IsNaN(p.Opponent.Rating) && !math.IsInf(p.Opponent.Rating, 0) && p.Opponent.Deviation >= 0
	return number && p.Score >= 0 && p.Score <= 1 && slices.Contains(schemas.Speeds(), p.Speed)
}

func (d decision) rate(n *State, p *schemas.RecordResultPayload) schemas.Message {
	before := n.Rating(p.Speed)
	after := rating.Update(
		rating.Rating{Rating: before.Rating, Deviation: before.Deviation, Volatility: before.Volatility},
		rating.Game{Opponent: p.Opponent.Rating, OpponentDeviation: p.Opponent.Deviation, Score: p.Score},
	)
	n.setRating(Rating{p.Speed, after.Rating, after.Deviation, after.Volatility, before.Games + 1, d.at})
	n.Games = keepLast(append(n.Games, fingerprintID(p.GameID)), gamesKept)
	return d.emit(n, schemas.PlayerRated, &schemas.PlayerRatedPayload{
		GameID: p.GameID, Speed: p.Speed,
		Rating: after.Rating, Deviation: after.Deviation, Volatility: after.Volatility,
		Change: math.Round((after.Rating-before.Rating)*100) / 100, Games: before.Games + 1,
	})
}
