package livegame

import (
	"tabiya/internal/auth"
	"tabiya/internal/game"
)

// mayWatch reports whether somebody may see a game: read it, list it, stream it
// or open a socket to it. To whom it says no, the game does not exist. Every
// game is public; all who show a game ask here.
func mayWatch(_ auth.Principal, _ *game.State) bool { return true }
