package game

import (
	"time"

	"tabiya/schemas"
)

// absence is how long a side must have been gone before its opponent can claim the
// game; it is shorter if the player left explicitly.
func absence(speed schemas.Speed, explicit bool) time.Duration {
	wait := 40 * time.Second
	if explicit {
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

// ClaimableAt returns when color may claim the game if nothing changes before; 0 if
// the opponent is present or it is color's turn. Time before from does not count.
func (s *State) ClaimableAt(color schemas.Color, from schemas.Time) schemas.Time {
	opponent := s.side(color.Other())
	if s.Over() || s.Waiting() || s.turn().First || s.Turn() == color || opponent.GoneSince == 0 {
		return 0
	}
	return max(opponent.GoneSince, from).Add(absence(s.Speed(), opponent.Left))
}

// TooEarlyToClaim is the refusal of a claim before the moment that ClaimableAt returned.
func TooEarlyToClaim(now, claimableAt schemas.Time) *Refusal {
	return refuse(schemas.CodeTooEarlyToClaim, "the opponent has %d seconds to come back", (claimableAt-now+999)/1000)
}

// claimVanished handles color's claim of a win or a draw against an opponent who is
// gone. Who is gone is recorded in presence.go.
func (d *decision) claimVanished(color schemas.Color, claim *schemas.ClaimVanishedPayload) *Refusal {
	s := d.state
	if claim.As != schemas.ClaimWin && claim.As != schemas.ClaimDrawOnly {
		return refuse(schemas.CodeInvalidField, `as must be "win" or "draw"`)
	}
	if refusal := s.claimRefusal(color); refusal != nil {
		return refusal
	}
	// The claim names the disconnect it is based on. Another one, recorded while the
	// claim waited in the log, does not count.
	gone := s.side(color.Other()).GoneSince
	if gone == 0 || gone != claim.GoneSince {
		return refuse(schemas.CodeOpponentPresent, "the opponent is not known to have left")
	}
	// While nobody could move, the opponent could not come back either.
	lost := d.outages.Centis(gone, d.at)
	if at := s.ClaimableAt(color, gone) + schemas.Time(10*lost); d.at < at {
		return TooEarlyToClaim(d.at, at)
	}
	result := schemas.Draw
	if claim.As == schemas.ClaimWin && mustParseFEN(s.FEN).CanMate(color) {
		result = schemas.WinFor(color)
	}
	d.end(schemas.GameEnded, result, schemas.Abandoned)
	return nil
}

// claimRefusal returns why color cannot claim the game, apart from the opponent's
// presence; nil if nothing else is in the way.
func (s *State) claimRefusal(color schemas.Color) *Refusal {
	switch {
	case s.turn().First:
		return refuse(schemas.CodeTooEarlyToClaim, "both sides move first: abort the game instead")
	case s.Waiting():
		return refuse(schemas.CodeTooEarlyToClaim, "after a long outage the game waits for both players")
	case s.Turn() == color:
		return refuse(schemas.CodeYourTurn, "it is your turn: the opponent need not be present")
	case s.side(color).GoneSince != 0:
		return refuse(schemas.CodeClaimantGone, "a player who has left cannot claim the game")
	}
	return nil
}

// PresenceDecides reports whether the opponent's presence is all that keeps color
// from claiming the game.
func (s *State) PresenceDecides(color schemas.Color) bool {
	return !s.Over() && s.claimRefusal(color) == nil && s.GoneSince(color.Other()) == 0
}
