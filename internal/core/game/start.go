package game

import "tabiya/internal/core/rules"

// startFrom is the position that a game asked for by that FEN begins in; "" is
// the usual one. The error says why no game can begin there.
func startFrom(fen string) (rules.Position, error) {
	if fen == "" {
		return rules.Start(), nil
	}
	return rules.ParseStart(fen)
}

// unusualStart is the starting position, "" for the usual one.
func (s *State) unusualStart() string {
	if s.StartFEN == rules.StartFEN {
		return ""
	}
	return s.StartFEN
}

// position reads a FEN that this program wrote.
func position(fen string) rules.Position {
	p, err := rules.ParseFEN(fen)
	if err != nil {
		panic("game: a position of our own: " + err.Error())
	}
	return p
}
