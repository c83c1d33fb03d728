package player

import (
	"math"
	"slices"

	"tabiya/internal/core/rating"
	"tabiya/schemas"
)

// judge is one command on its way through Decide or Replay.
type judge struct {
	cmd schemas.Command
	at  schemas.Time
	// origin is the command's own place: what it sends to a queue carries it.
	origin schemas.Origin
}

// Decide judges a command that was never judged before, at broker time at. s is
// nil for a player nobody has registered. If changed, next is the row to store;
// s is never altered.
func Decide(s *State, cmd schemas.Command, at schemas.Time, origin schemas.Origin) (next *State, changed bool, out []schemas.Message) {
	j := judge{cmd, at, origin}
	if s == nil && cmd.Type != schemas.RegisterPlayer {
		return nil, false, j.refuse(schemas.CodePlayerNotFound, "No such player is registered.")
	}
	switch p := cmd.Payload.(type) {
	case *schemas.RegisterPlayerPayload:
		return j.register(s, p)
	case *schemas.UpdatePlayerPayload:
		return j.update(s, p)
	case *schemas.JoinQueuePayload:
		return j.join(s, p)
	case *schemas.ReleaseSeatPayload:
		return j.release(s, p)
	case *schemas.RequeueSeatPayload:
		return j.requeue(s, p)
	case *schemas.SeatInGamePayload:
		return j.seatInGame(s, p)
	case *schemas.RecordResultPayload:
		return j.record(s, p)
	}
	switch cmd.Type {
	case schemas.ClosePlayer:
		return j.close(s)
	case schemas.LeaveQueue:
		return j.leave(s)
	}
	return s, false, nil
}

func (j judge) register(s *State, p *schemas.RegisterPlayerPayload) (*State, bool, []schemas.Message) {
	if s != nil {
		if a, ok := s.acceptedBefore(j.cmd); ok {
			return s, false, j.repeat(a)
		}
		return s, false, j.refuse(schemas.CodePlayerExists, "This player is registered already.")
	}
	if !schemas.ValidID(j.cmd.Key) || !validFacts(p.Handle, p.Country) {
		return nil, false, j.refuse(schemas.CodeInvalidField, "The player's id, handle or country cannot be one.")
	}
	if !schemas.ValidRegion(j.cmd.Region) {
		return nil, false, j.refuse(schemas.CodeUnknownRegion, "No region has this name.")
	}
	n := &State{ID: j.cmd.Key, Handle: p.Handle, Country: p.Country, Region: j.cmd.Region, Revision: 1}
	return j.accept(n, schemas.PlayerRegistered, &schemas.PlayerFacts{Handle: p.Handle, Country: p.Country})
}

func (j judge) update(s *State, p *schemas.UpdatePlayerPayload) (*State, bool, []schemas.Message) {
	if a, ok := s.acceptedBefore(j.cmd); ok {
		return s, false, j.repeat(a)
	}
	switch {
	case s.Closed:
		return s, false, j.refuse(schemas.CodePlayerClosed, "The account is closed.")
	case p.Revision <= s.Revision:
		// A newer revision was here first; this one's facts are history.
		return s, false, j.repeat(Accepted{Print: fingerprint(j.cmd)})
	case !validFacts(p.Handle, p.Country) || !schemas.ValidRegion(j.cmd.Region):
		return s, false, j.refuse(schemas.CodeInvalidField, "The player's handle, country or region cannot be one.")
	}
	n := s.clone()
	n.Handle, n.Country, n.Region, n.Revision = p.Handle, p.Country, j.cmd.Region, p.Revision
	return j.accept(n, schemas.PlayerUpdated, &schemas.PlayerFacts{Handle: p.Handle, Country: p.Country})
}

func (j judge) close(s *State) (*State, bool, []schemas.Message) {
	if a, ok := s.acceptedBefore(j.cmd); ok {
		return s, false, j.repeat(a)
	}
	if s.Closed {
		return s, false, j.refuse(schemas.CodePlayerClosed, "The account is closed already.")
	}
	n := s.clone()
	n.Closed = true
	n, changed, out := j.accept(n, schemas.PlayerClosed, &schemas.PlayerClosedPayload{})
	if n.Seat.Status == Queued {
		out = append(out, j.withdrawClosed(n))
	}
	return n, changed, out
}

func (j judge) join(s *State, p *schemas.JoinQueuePayload) (*State, bool, []schemas.Message) {
	if s.Seat.TicketID == j.cmd.ID {
		return s, false, j.joinAgain(s, p)
	}
	if a, ok := s.acceptedBefore(j.cmd); ok {
		return s, false, j.repeat(a)
	}
	_, pool, _, known := schemas.SplitQueueKey(p.Queue)
	switch {
	case s.Closed:
		return s, false, j.refuse(schemas.CodePlayerClosed, "The account is closed.")
	case s.Seat.Status == Queued:
		return s, false, j.refuse(schemas.CodeAlreadyQueued, "You wait in a queue already.")
	case s.Seat.Status == Playing:
		return s, false, j.refuse(schemas.CodeAlreadyPlaying, "You have a game to play first.")
	case !known:
		return s, false, j.refuse(schemas.CodeQueueNotFound, "No queue has this name.")
	}
	tc, _ := schemas.PoolTimeControl(pool)
	r := s.Rating(tc.Speed())
	n := s.clone()
	n.Seat = Seat{
		Status: Queued, Queue: p.Queue, TicketID: j.cmd.ID, Attempt: 1,
		Handle: s.Handle, Rating: r.Rating, Deviation: r.Deviation,
		Joined: j.origin.Offset, Entered: j.origin.Offset,
	}
	n.remember(j, 0)
	n.stamp(j)
	return n, true, []schemas.Message{j.enterFirst(n)}
}

// joinAgain answers a JoinQueue whose ticket has the seat: the queue knows what
// came of it, so it is asked again in the same words.
func (j judge) joinAgain(s *State, p *schemas.JoinQueuePayload) []schemas.Message {
	switch {
	case p.Queue != s.Seat.Queue:
		return j.refuse(schemas.CodeKeyReused, keyReused)
	case s.Seat.Status == Queued:
		return []schemas.Message{j.enterFirst(s)}
	default:
		return j.repeat(Accepted{Print: fingerprint(j.cmd)})
	}
}

func (j judge) leave(s *State) (*State, bool, []schemas.Message) {
	if a, ok := s.acceptedBefore(j.cmd); ok {
		return s, false, j.leaveAgain(s, a)
	}
	switch s.Seat.Status {
	case Idle:
		return s, false, j.refuse(schemas.CodeNotQueued, "You wait in no queue.")
	case Playing:
		return s, false, j.refuse(schemas.CodeAlreadyMatched, "Your game has started.")
	}
	n := s.clone()
	n.remember(j, 0)
	n.stamp(j)
	return n, true, []schemas.Message{j.withdraw(n, j.origin.Offset)}
}

// leaveAgain answers a LeaveQueue that was accepted as a. If the ticket it was
// about still has the seat, the queue knows what came of it and is asked again.
func (j judge) leaveAgain(s *State, a Accepted) []schemas.Message {
	if a.Print == fingerprint(j.cmd) && s.Seat.Status != Idle && s.Seat.Joined < a.Offset {
		return []schemas.Message{j.withdraw(s, a.Offset)}
	}
	return j.repeat(a)
}

func (j judge) release(s *State, p *schemas.ReleaseSeatPayload) (*State, bool, []schemas.Message) {
	if s.Seat.Status != Queued || s.Seat.TicketID != p.TicketID {
		return s, false, nil
	}
	n := s.clone()
	n.Seat = Seat{}
	n.stamp(j)
	return n, true, nil
}

func (j judge) requeue(s *State, p *schemas.RequeueSeatPayload) (*State, bool, []schemas.Message) {
	if s.Seat.TicketID != p.TicketID {
		// The game was played to its end although the queue gave it up, or the
		// account was closed: the seat is not the ticket's any more.
		return s, false, []schemas.Message{j.disown(p)}
	}
	queued := s.Seat.Status == Queued
	playing := s.Seat.Status == Playing && s.Seat.GameID == p.GameID
	if s.Seat.Attempt != p.Attempt-1 || (!queued && !playing) {
		return s, false, nil
	}
	n := s.clone()
	n.stamp(j)
	if s.Closed {
		n.Seat = Seat{}
		return n, true, []schemas.Message{j.disown(p)}
	}
	n.Seat.Status, n.Seat.GameID = Queued, ""
	n.Seat.Attempt, n.Seat.Entered = p.Attempt, j.origin.Offset
	return n, true, []schemas.Message{j.enterNext(n)}
}

func (j judge) seatInGame(s *State, p *schemas.SeatInGamePayload) (*State, bool, []schemas.Message) {
	if s.Seat.Status != Queued || s.Seat.TicketID != p.TicketID || s.Seat.Attempt != p.Attempt {
		return s, false, nil
	}
	n := s.clone()
	n.Seat.Status, n.Seat.GameID = Playing, p.GameID
	n.stamp(j)
	return n, true, nil
}

// record folds the rating and frees the seat in one step, so that a player who
// can join again has the rating of the game before.
func (j judge) record(s *State, p *schemas.RecordResultPayload) (*State, bool, []schemas.Message) {
	frees := s.Seat.Status == Playing && s.Seat.GameID == p.GameID
	rates := p.Rated && ratable(p) && !slices.Contains(s.Games, fingerprintID(p.GameID))
	if !frees && !rates {
		return s, false, nil
	}
	n := s.clone()
	if frees {
		n.Seat = Seat{}
	}
	var out []schemas.Message
	if rates {
		out = append(out, j.rate(n, p))
	}
	n.stamp(j)
	return n, true, out
}

func ratable(p *schemas.RecordResultPayload) bool {
	number := !math.IsNaN(p.Opponent.Rating) && !math.IsInf(p.Opponent.Rating, 0) && p.Opponent.Deviation >= 0
	return number && p.Score >= 0 && p.Score <= 1 && slices.Contains(schemas.Speeds(), p.Speed)
}

func (j judge) rate(n *State, p *schemas.RecordResultPayload) schemas.Message {
	before := n.Rating(p.Speed)
	after := rating.Update(
		rating.Rating{Rating: before.Rating, Deviation: before.Deviation, Volatility: before.Volatility},
		rating.Game{Opponent: p.Opponent.Rating, OpponentDeviation: p.Opponent.Deviation, Score: p.Score},
	)
	n.setRating(Rating{p.Speed, after.Rating, after.Deviation, after.Volatility, before.Games + 1, j.at})
	n.Games = keepLast(append(n.Games, fingerprintID(p.GameID)), gamesKept)
	return j.emit(n, schemas.PlayerRated, &schemas.PlayerRatedPayload{
		GameID: p.GameID, Speed: p.Speed,
		Rating: after.Rating, Deviation: after.Deviation, Volatility: after.Volatility,
		Change: math.Round((after.Rating-before.Rating)*100) / 100, Games: before.Games + 1,
	})
}
