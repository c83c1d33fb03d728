package lookup

import (
	"strings"

	"tabiya/internal/core/player"
	"tabiya/schemas"
)

// Handles finds players by handle.
type Handles interface {
	// Find returns the row of the player with a handle in lower case.
	Find(handle string) (row *player.State, ok bool)
}

// PlayerID returns the id of a player who is named by their id or their handle, whose
// letter case does not matter. ok is false if no player has that handle. No handle is as
// long as an id.
func PlayerID(players Handles, name string) (id string, ok bool) {
	if schemas.ValidID(name) {
		return name, true
	}
	row, ok := players.Find(strings.ToLower(name))
	if !ok {
		return "", false
	}
	return row.ID, true
}
