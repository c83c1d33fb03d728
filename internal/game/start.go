package game

import (
	"errors"
	"fmt"

	"tabiya/internal/rules"
)

// maxStartMove bounds a starting position's move number, so that no position
// that is played from it has one that FEN does not take.
const maxStartMove = 9000

// startFrom is the position that a game asked for by that FEN begins in; "" is
// the usual one. The error says why no game can begin there.
func startFrom(fen string) (rules.Position, error) {
	if fen == "" {
		return rules.Start(), nil
	}
	p, err := rules.ParseFEN(fen)
	switch {
	case err != nil:
		return rules.Position{}, fmt.Errorf("read the starting position: %w", err)
	case p.Status() != rules.None || p.HalfmoveClock() >= seventyFiveMoves:
		return rules.Position{}, errors.New("the game would be over before it began")
	case p.MoveNumber() > maxStartMove:
		return rules.Position{}, fmt.Errorf("the move number is at most %d", maxStartMove)
	}
	return p, nil
}

// position reads a FEN that this program wrote.
func position(fen string) rules.Position {
	p, err := rules.ParseFEN(fen)
	if err != nil {
		panic("game: a position of our own: " + err.Error())
	}
	return p
}
