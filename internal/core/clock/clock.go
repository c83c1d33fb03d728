// Package clock runs a game's two clocks from broker times alone, in
// centiseconds. It is pure: whoever knows the times of the commands knows the
// clocks.
//
// The rules are lichess's. The first move of each side costs nothing and earns
// nothing, but has a limit of its own, by speed. Every later move is charged
// with the broker time since the move before, less what its side's lag bank
// gives back (see bank.go), and then earns the increment. Differences are taken
// of whole centiseconds, not of milliseconds, so they add up exactly: what the
// clocks lost, what they earned and what was given back is what went by.
package clock

import (
	"time"

	"tabiya/schemas"
)

// Clock is both sides' time as of Since.
type Clock struct {
	White, Black int64        // centiseconds left
	Since        schemas.Time // when the side to move began to think

	// What each side may still be given back for its lag, in centiseconds.
	WhiteBank, BlackBank int64
}

// Turn says whose move it is.
type Turn struct {
	Color schemas.Color
	First bool // that side's first move: free, but with a limit of its own
}

// minInitialCs is what a game without initial time starts with, if its
// increment is smaller: else the second moves could not be made at all.
const minInitialCs = 300

// New is the clock of a game that starts at the given time.
func New(tc schemas.TimeControl, at schemas.Time) Clock {
	initial := tc.InitialCs
	if initial == 0 {
		initial = max(tc.IncrementCs, minInitialCs)
	}
	bank := startGains * gain(tc)
	return Clock{White: initial, Black: initial, Since: at, WhiteBank: bank, BlackBank: bank}
}

// FirstMoveLimit is how long a side may wait with its first move.
func FirstMoveLimit(s schemas.Speed) time.Duration {
	switch s {
	case schemas.UltraBullet:
		return 15 * time.Second
	case schemas.Bullet:
		return 20 * time.Second
	case schemas.Blitz:
		return 25 * time.Second
	case schemas.Rapid:
		return 30 * time.Second
	default:
		return 35 * time.Second
	}
}

// Deadline is the first millisecond at which the side to move has used up its
// time, whatever it is given back.
func (c Clock) Deadline(tc schemas.TimeControl, turn Turn) schemas.Time {
	if turn.First {
		return c.Since.Add(FirstMoveLimit(tc.Speed()))
	}
	return schemas.Time(10 * (c.Since.Centis() + c.Left(turn.Color)))
}

// Expired reports whether the side to move is too late at the given time,
// whatever it might be given back.
func (c Clock) Expired(tc schemas.TimeControl, turn Turn, at schemas.Time) bool {
	return at >= c.FlagAt(tc, turn)
}

// Reaches reports whether a move at the given time, which must not have expired,
// leaves its side some time once so much is given back.
func (c Clock) Reaches(turn Turn, at schemas.Time, compensatedCs int64) bool {
	return turn.First || c.elapsed(at)-compensatedCs < c.Left(turn.Color)
}

// Move is the clock after a move at the given time, with its audit.
func (c Clock) Move(tc schemas.TimeControl, turn Turn, at schemas.Time, compensatedCs int64) (Clock, schemas.Clock) {
	audit := c.Audit(tc, turn, at, compensatedCs)
	return c.After(tc, turn, at, audit), audit
}

// Audit is what a move at the given time costs its side. The move must be in
// time, and compensatedCs what Compensation gave.
func (c Clock) Audit(tc schemas.TimeControl, turn Turn, at schemas.Time, compensatedCs int64) schemas.Clock {
	audit := schemas.Clock{WhiteCs: c.White, BlackCs: c.Black, ElapsedCs: c.elapsed(at)}
	if !turn.First {
		audit.CompensatedCs = compensatedCs
		audit.ChargedCs = audit.ElapsedCs - compensatedCs
		left := c.Left(turn.Color) - audit.ChargedCs + tc.IncrementCs
		if turn.Color == schemas.White {
			audit.WhiteCs = left
		} else {
			audit.BlackCs = left
		}
	}
	return audit
}

// After is the clock after a move with that audit.
func (c Clock) After(tc schemas.TimeControl, turn Turn, at schemas.Time, audit schemas.Clock) Clock {
	next := Clock{White: audit.WhiteCs, Black: audit.BlackCs, Since: at, WhiteBank: c.WhiteBank, BlackBank: c.BlackBank}
	if !turn.First {
		next.pay(tc, turn.Color, audit.CompensatedCs)
	}
	return next
}

// Add is the clock with that much more for one side.
func (c Clock) Add(color schemas.Color, centis int64) Clock {
	if color == schemas.White {
		c.White += centis
	} else {
		c.Black += centis
	}
	return c
}

// Flag is the clock as it stands when that side has lost on time.
func (c Clock) Flag(loser schemas.Color) Clock {
	if loser == schemas.White {
		c.White = 0
	} else {
		c.Black = 0
	}
	return c
}

// Left is a side's time.
func (c Clock) Left(color schemas.Color) int64 {
	if color == schemas.White {
		return c.White
	}
	return c.Black
}

// elapsed is how long the side to move has thought. A new leader's clock may be
// behind the old one's: nobody is paid for that.
func (c Clock) elapsed(at schemas.Time) int64 { return max(0, at.Centis()-c.Since.Centis()) }
