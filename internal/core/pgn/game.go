// Package pgn reads and writes games in Portable Game Notation (PGN
// Specification and Implementation Guide, 1994).
//
// The reader survives any input. It cuts the file into games by lines, holds
// one game's text at a time and never more than a bound of it, and judges every
// move by package rules. A game that is broken, too long or not chess is
// reported with its place and reason, and the next one is read.
//
//	file ─► splitter (lines) ─► one game's text ─► parser (tokens, rules) ─► Game or *Error
package pgn

import (
	"fmt"

	"tabiya/schemas"
)

// Tag is a tag pair.
type Tag struct{ Name, Value string }

// Game is one game of a file. Of a game that is reported broken, only Number,
// Line and the Tags that were readable are set.
type Game struct {
	Number int // in the file, from 1
	Line   int // where it begins, from 1
	Tags   []Tag

	StartFEN    string
	Moves       []string // UCI, one a ply
	SANs        []string // the same, as the rules write them
	ClocksCs    []int64  // what %clk said after each ply, -1 where it said nothing; nil if it never did
	Result      schemas.Result
	Termination string // the Termination tag as it stands there
	FEN         string // the final position
}

// Tag is the value of a tag, "" if it is not there.
func (g Game) Tag(name string) string {
	for _, t := range g.Tags {
		if t.Name == name {
			return t.Value
		}
	}
	return ""
}

// Error is a game that cannot be used. The reader goes on behind it.
type Error struct {
	Number int // of the game, from 1
	Line   int // of the trouble, from 1
	Reason string
}

func (e *Error) Error() string {
	return fmt.Sprintf("game %d, line %d: %s", e.Number, e.Line, e.Reason)
}
