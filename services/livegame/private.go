package livegame

import (
	"tabiya/internal/auth"
	"tabiya/internal/core/game"
)

// public reports whether everybody may see a game.
func public(s *game.State) bool { return !s.Private }

// mayWatch reports whether somebody may see a game: read it, list it, stream it
// or open a socket to it. To whom it says no, the game does not exist. All who
// show a game ask here.
func mayWatch(who auth.Principal, s *game.State) bool {
	_, plays := s.ColorOf(who.PlayerID)
	return public(s) || plays || who.Service != ""
}
