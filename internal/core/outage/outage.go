// Package outage computes when the clocks of games stood still because nobody could
// move (ADR 32).
//
// The owner of a partition of game-commands sends a pulse about once a second, as
// long as it handles commands and a livegame service is there to take moves. Two
// pulses that stand further apart in the log than a healthy platform lets them are
// a gap: the clocks of the partition's games stood still between them, and for as
// long again after the second one, up to 10 seconds, in which players come back to
// the board.
//
// All times are broker times of records, and a clock is never given more than the
// broker time that passed. So pulses in any order, number or delay can stop a clock
// but cannot make it grow.
package outage

import (
	"time"

	"tabiya/schemas"
)

const (
	// Every is the time between the handling of a pulse and the sending of the next.
	Every = time.Second
	// Tolerance is how far apart two pulses of a healthy partition can be.
	Tolerance = 3 * time.Second
	// MaxReturn bounds how long clocks stand still after an outage, so that players
	// can come back to the board.
	MaxReturn = 10 * time.Second

	// Long is an outage after which a game waits for its players.
	Long = 10 * time.Minute

	// maxGaps bounds what a partition remembers: the last maxGaps outages.
	maxGaps = 64
)

// Gaps are the pulses and the gaps of one partition. The zero Gaps has seen no
// pulse: then no time is ever given back.
type Gaps struct {
	last      schemas.Time // the latest pulse; 0 if there is none
	lastPlace int64
	gaps      []gap // oldest first, at most maxGaps
}

// gap lies between two pulses. Their places tell what a command that stands between
// them, and is decided again later, could know.
type gap struct {
	from, to           schemas.Time
	fromPlace, toPlace int64
}

// end is when the clocks run again.
func (g gap) end() schemas.Time {
	return g.to + min(g.to-g.from, schemas.Time(MaxReturn.Milliseconds()))
}

func isGap(from, to schemas.Time) bool { return to-from > schemas.Time(Tolerance.Milliseconds()) }

// Last returns the time of the latest pulse; 0 if there is none.
func (g *Gaps) Last() schemas.Time { return g.last }

// LastGap returns when the latest gap began, when a pulse ended it, and when the
// clocks run again. ok is false if there has been none.
func (g *Gaps) LastGap() (from, to, runsAt schemas.Time, ok bool) {
	if len(g.gaps) == 0 {
		return 0, 0, 0, false
	}
	last := g.gaps[len(g.gaps)-1]
	return last.from, last.to, last.end(), true
}

// Pulse adds a pulse. One at or before the place of the latest is ignored.
func (g *Gaps) Pulse(at schemas.Time, place int64) {
	switch {
	case g.last == 0:
	case place <= g.lastPlace:
		return
	case isGap(g.last, at):
		if len(g.gaps) == maxGaps {
			g.gaps = append(g.gaps[:0], g.gaps[1:]...)
		}
		g.gaps = append(g.gaps, gap{g.last, at, g.lastPlace, place})
	}
	// A new partition leader's clock may be behind the old one's. Time that was
	// light before must not become a gap when the clocks agree again.
	g.last, g.lastPlace = max(g.last, at), place
}

// Before returns what a command at that place can know: the pulses that stand
// before it in the log.
func (g *Gaps) Before(place int64) View { return View{g, place} }

// Ended returns what the pulses themselves tell: the gaps that have ended, without the
// time since the latest pulse.
func (g *Gaps) Ended() View { return View{g, g.lastPlace} }

// View is what a command can know of the outages of its partition. In the zero View
// there were none.
type View struct {
	gaps  *Gaps
	place int64
}

// Centis returns for how many centiseconds the clocks stood still in the time from
// `from` to `to`, which is at most the time between the two. to is the broker time
// of the View's command.
func (v View) Centis(from, to schemas.Time) (centis int64) {
	if from >= to {
		return 0
	}
	v.stretches(from, func(begin, end schemas.Time) {
		begin, end = max(begin, from), min(end, to)
		if begin < end {
			centis += end.Centis() - begin.Centis()
			from = end // where two stretches overlap, the time counts once
		}
	}, to)
	return centis
}

// StandStill reports whether the clocks stand still at the broker time of the View's
// command.
func (v View) StandStill(at schemas.Time) (still bool) {
	v.stretches(at, func(begin, end schemas.Time) { still = still || begin <= at && at < end }, at)
	return still
}

// stretches calls yield with each stretch of time in which the clocks stood still, if
// it may end after from. now is the time of the command; a stretch that has no end yet
// ends just behind it.
func (v View) stretches(from schemas.Time, yield func(begin, end schemas.Time), now schemas.Time) {
	if v.gaps == nil || v.gaps.last == 0 {
		return
	}
	g := v.gaps
	known := len(g.gaps)
	open := v.place > g.lastPlace && isGap(g.last, now)
	if !open && (known == 0 || g.gaps[known-1].to.Add(MaxReturn) <= from) {
		return // by far the most common case
	}
	for _, gap := range g.gaps {
		switch {
		case v.place < gap.fromPlace:
			return
		case v.place >= gap.toPlace:
			yield(gap.from, gap.end())
		case isGap(gap.from, now): // the pulse that ended it stands behind the command
			yield(gap.from, now+1)
		}
	}
	if open {
		yield(g.last, now+1)
	}
}
