package game

import (
	"time"

	"tabiya/internal/core/game/row"
	"tabiya/schemas"
)

// maxDepartures bounds how often a side's departure is told: one that is told no
// more can be claimed no more.
const maxDepartures = 100

// presence judges what the service says about who is there. Nothing is said
// twice.
func (d *decision) presence() {
	s := d.state
	switch p := d.cmd.Payload.(type) {
	case *schemas.MarkGonePayload:
		if !validColor(p.Color) {
			return
		}
		if side := s.of(p.Color); side.GoneSince == 0 && side.Departures < maxDepartures {
			d.emit(schemas.PlayerLeft, &schemas.PlayerLeftPayload{Color: p.Color, Explicit: p.Left})
		}
	case *schemas.MarkPresentPayload:
		if validColor(p.Color) && s.of(p.Color).GoneSince != 0 {
			d.emit(schemas.PlayerReturned, &schemas.PlayerReturnedPayload{Color: p.Color})
		}
	}
}

func validColor(c schemas.Color) bool { return c == schemas.White || c == schemas.Black }

func (s *State) applyLeft(p *schemas.PlayerLeftPayload, at schemas.Time) row.Entry {
	side := s.of(p.Color)
	side.GoneSince, side.Left = at, p.Explicit
	side.Departures++
	return row.Entry{Kind: row.KindPlayerLeft, Color: p.Color, Explicit: p.Explicit}
}

// returned notes that a side is there: it is back, or it has moved.
func (s *State) returned(c schemas.Color) {
	side := s.of(c)
	side.GoneSince, side.Left = 0, false
}

// GoneSince is when that side was last seen to go; 0 if it is there.
func (s *State) GoneSince(c schemas.Color) schemas.Time { return s.of(c).GoneSince }

// vanishWait is how long a side may be gone before its opponent can claim the
// game; shorter if it said that it leaves.
func vanishWait(speed schemas.Speed, left bool) time.Duration {
	wait := 40 * time.Second
	if left {
		wait = 10 * time.Second
	}
	switch speed {
	case schemas.Rapid:
		return 2 * wait
	case schemas.Classical:
		return 3 * wait
	}
	return wait
}

// ClaimableAt is when color may claim the game of his opponent, of whose departure
// the log has told since knownAt, if nothing changes before: 0 if that is there, or
// if it is not his turn. While the log did not tell of it nobody could say that he
// is there after all, so that time does not count.
func (s *State) ClaimableAt(color schemas.Color, knownAt schemas.Time) schemas.Time {
	opponent := s.of(color.Other())
	if s.Over() || s.turn().First || s.Turn() == color || opponent.GoneSince == 0 {
		return 0
	}
	return max(opponent.GoneSince, knownAt).Add(vanishWait(s.Speed(), opponent.Left))
}

// claimVanished judges color's claim on an opponent who has gone.
func (d *decision) claimVanished(color schemas.Color, claim *schemas.ClaimVanishedPayload) *Refusal {
	s := d.state
	if claim.As != schemas.ClaimWin && claim.As != schemas.ClaimDrawOnly {
		return refuse(schemas.CodeInvalidField, "as: win or draw")
	}
	if refusal := s.bars(color); refusal != nil {
		return refusal
	}
	// A departure that waited in the log with the claim may be no more true.
	if gone := s.of(color.Other()).GoneSince; gone == 0 || gone != claim.GoneSince {
		return refuse(schemas.CodeOpponentPresent, "the opponent is there, as far as was known")
	}
	if from := s.ClaimableAt(color, claim.KnownAt); d.at < from {
		return refuse(schemas.CodeTooEarlyToClaim, "the opponent has %d seconds to come back", (from-d.at+999)/1000)
	}
	result := schemas.Draw
	if claim.As == schemas.ClaimWin && position(s.FEN).CanMate(color) {
		result = schemas.WinFor(color)
	}
	d.end(schemas.GameEnded, result, schemas.Abandoned)
	return nil
}

// bars is what keeps color from a claim, whether his opponent is there or not.
func (s *State) bars(color schemas.Color) *Refusal {
	switch {
	case s.turn().First:
		return refuse(schemas.CodeTooEarlyToClaim, "both sides move first: abort the game instead")
	case s.Turn() == color:
		return refuse(schemas.CodeYourTurn, "it is your turn: the opponent need not be there")
	case s.of(color).GoneSince != 0:
		return refuse(schemas.CodeClaimantGone, "nobody claims a game that he left himself")
	}
	return nil
}

// PresenceDecides reports whether color could claim the game if only his opponent
// did not count as there.
func (s *State) PresenceDecides(color schemas.Color) bool {
	return !s.Over() && s.bars(color) == nil && s.GoneSince(color.Other()) == 0
}
