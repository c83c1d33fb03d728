package game

import "tabiya/internal/core/rules"

// parseStart parses the requested starting position; "" is the usual one. The error
// says why no game can start there.
func parseStart(fen string) (rules.Position, error) {
	if fen == "" {
		return rules.Start(), nil
	}
	return rules.ParseStart(fen)
}

// customStart is the starting position, "" for the usual one.
func (s *State) customStart() string {
	if s.StartFEN == rules.StartFEN {
		return ""
	}
	return s.StartFEN
}

// mustParseFEN parses a FEN that this program wrote.
func mustParseFEN(fen string) rules.Position {
	p, err := rules.ParseFEN(fen)
	if err != nil {
		panic("game: parse the FEN of a state: " + err.Error())
	}
	return p
}
