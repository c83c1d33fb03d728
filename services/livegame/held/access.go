package held

import "tabiya/internal/core/game"

// Public reports whether everybody may see a game.
func Public(s *game.State) bool { return !s.Private }

// MaySee reports whether a client may see a game: read it, list it, stream it or open a
// socket to it. playerID is "" for a client that is not a player. Every handler that
// shows a game calls MaySee; to a client that may not see a game, it answers as if the
// game did not exist.
func MaySee(playerID string, isService bool, s *game.State) bool {
	_, plays := s.ColorOf(playerID)
	return Public(s) || plays || isService
}
