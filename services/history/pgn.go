package history

import "tabiya/internal/core/pgn"

// pgnOf returns the game in PGN.
func pgnOf(g finished) ([]byte, error) { return pgn.Append(nil, g.ID, &g.GameOver, g.Changes) }
