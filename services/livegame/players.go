package livegame

import (
	"strings"

	"tabiya/schemas"
)

// playerID returns the id of a player who is named by their id or their handle, whose
// letter case does not matter. ok is false if no player has that handle. No handle is as
// long as an id.
func (s *Service) playerID(name string) (id string, ok bool) {
	if schemas.ValidID(name) {
		return name, true
	}
	row, ok := s.cfg.Players.Find(strings.ToLower(name))
	if !ok {
		return "", false
	}
	return row.ID, true
}
