// Package pgn reads and writes games in Portable Game Notation (PGN
// Specification and Implementation Guide, 1994).
//
// The Reader accepts any input. It splits the file into games, holds the text of one
// game at a time in bounded memory, and checks every move with package rules. A game
// that is malformed, too long or not standard chess is reported with its line and the
// reason, and reading continues with the next one. Where it is unclear to which game a
// tag belongs, the game is refused rather than guessed: no game is returned that is not
// in the file.
//
//	file ─► normalizer ─► splitter ─► one game's text ─► parser (tokens, rules) ─► Game or *Error
package pgn

import (
	"fmt"
	"strings"

	"tabiya/schemas"
)

// Tag is a tag pair.
type Tag struct{ Name, Value string }

// Game is one game of a file. If the game is returned with an *Error, only Number, Line
// and the Tags before the error are set.
type Game struct {
	Number int // in the file, from 1
	Line   int // first line, from 1
	Tags   []Tag

	StartFEN    string
	Moves       []string // in UCI, one per ply
	SANs        []string // the same moves, in the SAN of package rules
	ClocksCs    []int64  // %clk after each ply, -1 where it is missing; nil if no ply has it
	Result      schemas.Result
	Termination string // the Termination tag
	FEN         string // the final position

	// EarlyEnd is set if the file has more moves after the rules ended the game. Then
	// Moves, SANs, ClocksCs and FEN stop at that end, and Result is the file's.
	EarlyEnd *EarlyEnd
}

// Tag returns the value of a tag, or "" if it is missing. Case does not matter, because
// programs differ in it.
func (g Game) Tag(name string) string {
	for _, t := range g.Tags {
		if strings.EqualFold(t.Name, name) {
			return t.Value
		}
	}
	return ""
}

// Error reports a game that cannot be used. The Reader can continue after it.
type Error struct {
	Number int // of the game, from 1
	Line   int // of the error, from 1
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("game %d, line %d: %s", e.Number, e.Line, e.Reason)
}
