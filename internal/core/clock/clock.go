// Package clock computes a game's two clocks, in centiseconds, from broker times
// alone: the same commands at the same times always give the same clocks.
//
// The rules are lichess's. Each side's first move is free and earns no increment,
// but has its own limit, which depends on the speed. Every later move is charged
// the broker time since the move before, less what the side's lag bank compensates
// (see bank.go) and less the time in which nobody could move (see Restore), and then
// earns the increment. Times are cut to whole centiseconds before they are
// subtracted, so charged, compensated and restored time add up exactly to the elapsed
// time.
package clock

import (
	"time"

	"tabiya/schemas"
)

// Clock is the time that both sides have left at Since.
type Clock struct {
	White, Black int64        // centiseconds left
	Since        schemas.Time // when the side to move began to think

	// The lag that each side can still be compensated for, in centiseconds.
	WhiteBank, BlackBank int64

	// Restored is how much of the time since Since does not count, because nobody
	// could move, in centiseconds. RestoredTo is until when that is known; 0 if
	// nothing was restored since Since.
	Restored   int64
	RestoredTo schemas.Time
}

// Turn says whose move it is.
type Turn struct {
	Color schemas.Color
	First bool // that side's first move: free, but with a limit of its own
}

// minInitialCs is the initial time of a game without one, if its increment is
// smaller. With no time at all the second moves could not be made.
const minInitialCs = 300

// New returns the clock of a game that starts at the given time.
func New(tc schemas.TimeControl, at schemas.Time) Clock {
	initial := tc.InitialCs
	if initial == 0 {
		initial = max(tc.IncrementCs, minInitialCs)
	}
	bank := startGains * gain(tc)
	return Clock{White: initial, Black: initial, Since: at, WhiteBank: bank, BlackBank: bank}
}

// FirstMoveLimit returns how long a side may take for its first move.
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

// Deadline returns the first millisecond at which the side to move has used up its
// time, without lag compensation.
func (c Clock) Deadline(tc schemas.TimeControl, turn Turn) schemas.Time {
	if turn.First {
		return c.Since.Add(FirstMoveLimit(tc.Speed())) + schemas.Time(10*c.Restored)
	}
	return schemas.Time(10 * (c.Since.Centis() + c.Restored + c.Left(turn.Color)))
}

// Expired reports whether a move at the given time is too late even with the
// largest possible compensation.
func (c Clock) Expired(tc schemas.TimeControl, turn Turn, at schemas.Time) bool {
	return at >= c.FlagAt(tc, turn)
}

// InTime reports whether a move at the given time leaves its side some time once
// its lag is compensated. The time must not have Expired.
func (c Clock) InTime(turn Turn, at schemas.Time, compensatedCs int64) bool {
	return turn.First || c.running(at)-compensatedCs < c.Left(turn.Color)
}

// Move returns the clock after a move at the given time, and the move's audit.
func (c Clock) Move(tc schemas.TimeControl, turn Turn, at schemas.Time, compensatedCs int64) (Clock, schemas.Clock) {
	audit := c.Audit(tc, turn, at, compensatedCs)
	return c.After(tc, turn, at, audit), audit
}

// Audit returns what a move at the given time costs its side. The move must be
// InTime, and compensatedCs must be what Compensation returned.
func (c Clock) Audit(tc schemas.TimeControl, turn Turn, at schemas.Time, compensatedCs int64) schemas.Clock {
	audit := schemas.Clock{WhiteCs: c.White, BlackCs: c.Black, ElapsedCs: c.elapsed(at)}
	if !turn.First {
		running := c.running(at)
		audit.CompensatedCs = compensatedCs
		audit.RestoredCs = audit.ElapsedCs - running
		audit.ChargedCs = running - compensatedCs
		left := c.Left(turn.Color) - audit.ChargedCs + tc.IncrementCs
		if turn.Color == schemas.White {
			audit.WhiteCs = left
		} else {
			audit.BlackCs = left
		}
	}
	return audit
}

// After returns the clock after a move with that audit.
func (c Clock) After(tc schemas.TimeControl, turn Turn, at schemas.Time, audit schemas.Clock) Clock {
	next := Clock{White: audit.WhiteCs, Black: audit.BlackCs, Since: at, WhiteBank: c.WhiteBank, BlackBank: c.BlackBank}
	if !turn.First {
		next.pay(tc, turn.Color, audit.CompensatedCs)
	}
	return next
}

// Add returns the clock with more time for one side.
func (c Clock) Add(color schemas.Color, centis int64) Clock {
	if color == schemas.White {
		c.White += centis
	} else {
		c.Black += centis
	}
	return c
}

// Flag returns the clock after that side lost on time.
func (c Clock) Flag(loser schemas.Color) Clock {
	if loser == schemas.White {
		c.White = 0
	} else {
		c.Black = 0
	}
	return c
}

// Left returns the time that a side has left, in centiseconds.
func (c Clock) Left(color schemas.Color) int64 {
	if color == schemas.White {
		return c.White
	}
	return c.Black
}

// Restore returns the clock after it is known, at the given time, that the last
// centiseconds of what has passed do not count. UnsettledFrom says from when on they
// were counted.
func (c Clock) Restore(centis int64, at schemas.Time) Clock {
	c.Restored += centis
	c.RestoredTo = at
	return c
}

// UnsettledFrom returns from when on time in which nobody could move was not restored
// yet.
func (c Clock) UnsettledFrom() schemas.Time { return max(c.Since, c.RestoredTo) }

// running is how long the clock of the side to move has run: what has elapsed without
// what was restored.
func (c Clock) running(at schemas.Time) int64 { return max(0, c.elapsed(at)-c.Restored) }

// elapsed is how long the side to move has thought. It is not negative, although a
// new partition leader's clock may be behind the old one's.
func (c Clock) elapsed(at schemas.Time) int64 { return max(0, at.Centis()-c.Since.Centis()) }
