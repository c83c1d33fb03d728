package held

import "tabiya/internal/core/game"

// Public reports whether everybody may see a game.
func Public(s *game.State) bool { return !s.Private }

// MaySee reports whether a player, or a service, may see a game: read it, list it,
// stream it or open a socket to it. Every handler that shows a game asks here. To
// whoever may not see it, the game does not exist.
func MaySee(playerID string, isService bool, s *game.State) bool {
	_, plays := s.ColorOf(playerID)
	return Public(s) || plays || isService
}
