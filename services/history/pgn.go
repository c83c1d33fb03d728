package history

import "tabiya/internal/core/pgn"

// pgnOf writes the game as PGN.
func pgnOf(g finished) ([]byte, error) { return pgn.Append(nil, g.ID, &g.GameOver) }
