package game

import "tabiya/schemas"

// Hopeless returns the refusal of a player's command that no later event can make
// acceptable, or nil. So it is certain even if s is out of date. The command must be new;
// see Repeat.
func (s *State) Hopeless(cmd schemas.Command) *Refusal {
	color, plays := s.ColorOf(cmd.Actor)
	switch {
	case !plays:
		return nil // refused without a state: see decide
	case s.Over() && !isRematchCommand(cmd.Type):
		return s.overRefusal()
	case !s.Over():
		return s.hopelessMove(color, cmd)
	case s.Result == schemas.NoResult:
		return noRematch()
	}
	return nil
}

// hopelessMove refuses a move for a ply that is the opponent's, whatever is played or
// taken back before.
func (s *State) hopelessMove(color schemas.Color, cmd schemas.Command) *Refusal {
	p, ok := cmd.Payload.(*schemas.PlayMovePayload)
	if !ok || p.Ply < 1 || s.mover(p.Ply-1) == color {
		return nil
	}
	return refuse(schemas.CodeNotYourTurn, "ply %d is %s's", p.Ply, color.Other())
}

func (s *State) overRefusal() *Refusal {
	return refuse(schemas.CodeGameOver, "the game is over: %s, %s", s.Result, s.Termination)
}

func noRematch() *Refusal { return refuse(schemas.CodeNoRematch, "the game was aborted") }
