package player

import (
	"cmp"
	"math"
	"slices"
	"time"

	"tabiya/internal/core/rating"
	"tabiya/schemas"
)

// recordResult updates the rating and frees the seat in one step, so that a player
// who can join again already has the new rating.
func (d decision) recordResult(s *State, p *schemas.RecordResultPayload) (*State, bool, []schemas.Message) {
	frees := s.Seat.Status == Playing && s.Seat.GameID == p.GameID
	rates := p.Rated && validResult(p) && !slices.Contains(s.Games, fingerprintID(p.GameID))
	if !frees && !rates {
		return s, false, nil
	}
	n := s.clone()
	var out []schemas.Message
	if rates {
		out = append(out, d.rate(n, p))
		n.Missed = n.Missed.forgive()
	}
	if frees {
		n.Seat = Seat{}
		switch {
		case p.Missed:
			n.Missed = n.Missed.add(d.at)
		case p.Again && !s.Closed:
			n.Seat = d.again(s, p)
			out = append(out, d.enterAgain(n))
		}
	}
	n.finish(d)
	return n, true, out
}

// again is the seat of a player who waited in vain for the opponent's first move: they
// are back in their queue, and the wait counts from when it began. A row that was repaired
// does not know when; then it counts from now, because without a time the queue would take
// the ticket for one whose player has just joined.
func (d decision) again(s *State, p *schemas.RecordResultPayload) Seat {
	r := s.RatingAt(p.Speed, d.at)
	return Seat{
		Status: Queued, Queue: s.Seat.Queue, TicketID: againTicket(p.GameID, s.ID), Attempt: 1, Again: true,
		Handle: s.Handle, Rating: r.Rating, Deviation: r.Deviation,
		Joined: d.origin.Offset, Entered: d.origin.Offset, Holder: s.Seat.Holder, Since: cmp.Or(s.Seat.Since, d.at),
	}
}

func againTicket(gameID, playerID string) string {
	return schemas.DerivedID(gameID, "again/"+playerID, 1)
}

// replayResult returns what recordResult returned: events are those of the outbox.
func (d decision) replayResult(s *State, p *schemas.RecordResultPayload, events []schemas.Message) []schemas.Message {
	seat := s.Seat
	if p.Again && seat.Status == Queued && seat.TicketID == againTicket(p.GameID, s.ID) && seat.Entered == d.origin.Offset {
		events = append(events, d.enterAgain(s))
	}
	return events
}

func validResult(p *schemas.RecordResultPayload) bool {
	numbers := finite(p.Opponent.Rating) && finite(p.Opponent.Deviation) && p.Opponent.Deviation >= 0
	return numbers && p.Score >= 0 && p.Score <= 1 && slices.Contains(schemas.Speeds(), p.Speed)
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func (d decision) rate(n *State, p *schemas.RecordResultPayload) schemas.Message {
	before := n.Rating(p.Speed)
	basis := &schemas.RatingBasis{
		Parameters: rating.Parameters,
		Rating:     before.Rating, Deviation: before.Deviation, Volatility: before.Volatility,
		SinceLastMs: before.idle(d.at).Milliseconds(),
		OpponentID:  p.Opponent.PlayerID, OpponentRating: p.Opponent.Rating, OpponentDeviation: p.Opponent.Deviation,
		Score: p.Score,
	}
	after, _ := Rerate(basis) // these parameters exist
	n.setRating(Rating{p.Speed, after.Rating, after.Deviation, after.Volatility, before.Games + 1, d.at})
	n.Games = keepLast(append(n.Games, fingerprintID(p.GameID)), gamesKept)
	return d.emit(n, schemas.PlayerRated, &schemas.PlayerRatedPayload{
		GameID: p.GameID, Speed: p.Speed,
		Rating: after.Rating, Deviation: after.Deviation, Volatility: after.Volatility,
		Change: math.Round((after.Rating-before.Rating)*100) / 100, Games: before.Games + 1, Basis: basis,
	})
}

// Rerate computes the rating that a PlayerRated must tell from its basis, by the rules
// that the basis names. Returns false if no such rules exist.
func Rerate(b *schemas.RatingBasis) (rating.Rating, bool) {
	return rating.UpdateBy(b.Parameters,
		rating.Rating{Rating: b.Rating, Deviation: b.Deviation, Volatility: b.Volatility},
		time.Duration(b.SinceLastMs)*time.Millisecond,
		rating.Game{Opponent: b.OpponentRating, OpponentDeviation: b.OpponentDeviation, Score: b.Score})
}
