// Package clock runs a game's two clocks from broker times alone, in
// centiseconds. It is pure: whoever knows the times of the commands knows the
// clocks.
//
// The rules are lichess's. The first move of each side costs nothing and earns
// nothing, but has a limit of its own, by speed. Every later move is charged
// with the broker time since the move before and then earns the increment. A
// flag falls in the centisecond in which nothing is left. Differences are taken
// of whole centiseconds, not of milliseconds, so they add up exactly: what the
// clocks lost and what they earned is what went by.
package clock

import (
	"time"

	"tabiya/schemas"
)

// Clock is both sides' time as of Since.
type Clock struct {
	White, Black int64        // centiseconds left
	Since        schemas.Time // when the side to move began to think
}

// minInitialCs is what a game without initial time starts with, if its
// increment is smaller: else White's second move could not be made at all.
const minInitialCs = 300

// New is the clock of a game that starts at the given time.
func New(tc schemas.TimeControl, at schemas.Time) Clock {
	initial := tc.InitialCs
	if initial == 0 {
		initial = max(tc.IncrementCs, minInitialCs)
	}
	return Clock{White: initial, Black: initial, Since: at}
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

// FirstMove reports whether the next move, after so many plies, is a side's
// first.
func FirstMove(plies int) bool { return plies < 2 }

// Deadline is the first millisecond at which the side to move, after so many
// plies, is too late.
func (c Clock) Deadline(tc schemas.TimeControl, plies int) schemas.Time {
	if FirstMove(plies) {
		return c.Since.Add(FirstMoveLimit(tc.Speed()))
	}
	return schemas.Time(10 * (c.Since.Centis() + c.left(plies)))
}

// Expired reports whether the side to move is too late at the given time.
func (c Clock) Expired(tc schemas.TimeControl, plies int, at schemas.Time) bool {
	return at >= c.Deadline(tc, plies)
}

// Move is the clock after the side to move, after so many plies, has moved at
// the given time, with the audit for the event. The move must not be too late.
func (c Clock) Move(tc schemas.TimeControl, plies int, at schemas.Time) (Clock, schemas.Clock) {
	// A new leader's clock may be behind the old one's: nobody is paid for that.
	elapsed := max(0, at.Centis()-c.Since.Centis())
	next, charged := c, int64(0)
	next.Since = at
	if !FirstMove(plies) {
		charged = elapsed
		left := c.left(plies) - charged + tc.IncrementCs
		if plies%2 == 0 {
			next.White = left
		} else {
			next.Black = left
		}
	}
	return next, schemas.Clock{WhiteCs: next.White, BlackCs: next.Black, ElapsedCs: elapsed, ChargedCs: charged}
}

// Flag is the clock as it stands when the side to move has lost on time.
func (c Clock) Flag(plies int) Clock {
	if plies%2 == 0 {
		c.White = 0
	} else {
		c.Black = 0
	}
	return c
}

// left is the time of the side to move.
func (c Clock) left(plies int) int64 {
	if plies%2 == 0 {
		return c.White
	}
	return c.Black
}
