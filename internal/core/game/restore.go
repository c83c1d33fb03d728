package game

import (
	"time"

	"tabiya/internal/core/game/row"
	"tabiya/internal/core/outage"
	"tabiya/schemas"
)

// returnWithin is how long a game waits for both players after a long outage, before it
// is aborted.
const returnWithin = 5 * time.Minute

// longCs is a long outage in centiseconds.
const longCs = int64(outage.Long / (10 * time.Millisecond))

// Waiting reports whether the game waits for both players, because nobody could move
// for a long time. Its clocks stand still meanwhile.
func (s *State) Waiting() bool { return s.waitingSince != 0 }

// unsettled returns how much of the time since the last move does not count and was
// not restored yet.
func (d *decision) unsettled() int64 {
	s := d.state
	if s.Waiting() {
		return max(0, d.at.Centis()-s.Clock.UnsettledFrom().Centis())
	}
	return d.outages.Centis(s.Clock.UnsettledFrom(), d.at)
}

// restore gives back the time since the last move that does not count, if there is
// any. It is called before anything that the clock decides.
func (d *decision) restore() {
	centis := d.unsettled()
	if centis == 0 {
		return
	}
	s := d.state
	after := s.Clock.Restore(centis, d.at)
	d.emit(schemas.TimeRestored, timeRestoredPayload(s.Turn(), centis,
		after.Deadline(s.TimeControl, s.turn()), !s.Waiting() && centis > longCs))
}

func timeRestoredPayload(color schemas.Color, centis int64, deadline schemas.Time, waiting bool) *schemas.TimeRestoredPayload {
	return &schemas.TimeRestoredPayload{Color: color, RestoredCs: centis, DeadlineAt: deadline, Waiting: waiting}
}

func (s *State) applyTimeRestored(p *schemas.TimeRestoredPayload, at schemas.Time) row.Entry {
	s.Clock = s.Clock.Restore(p.RestoredCs, at)
	if p.Waiting {
		s.waitingSince = at
		for i := range s.sides {
			if s.sides[i].GoneSince == 0 {
				s.sides[i].GoneSince, s.sides[i].Left = at, false
			}
		}
	}
	return row.Entry{Kind: row.KindTimeRestored, Color: p.Color, Centis: p.RestoredCs, Waiting: p.Waiting}
}

// endWaiting is called after each event: the wait ends when both players are present,
// and with the game.
func (s *State) endWaiting() {
	if s.Over() || s.sides[0].GoneSince == 0 && s.sides[1].GoneSince == 0 {
		s.waitingSince = 0
	}
}

// restoredClocks returns what was restored to each side, or nil if nothing was.
func (l *line) restoredClocks() *schemas.Clocks {
	if l.restored == [2]int64{} {
		return nil
	}
	return &schemas.Clocks{WhiteCs: l.restored[0], BlackCs: l.restored[1]}
}

// outOfTime handles what a command of the system means for the clock, and reports
// whether it ended the game. While the clocks stand still, nothing is decided by them,
// and nothing is restored: a timer that fires again and again would make an event each
// time.
func (d *decision) outOfTime() (ended bool) {
	switch s := d.state; {
	case d.outages.StandStill(d.at):
		return false
	case s.Waiting():
		return d.giveUpWaiting()
	case !s.expired(d.at):
		if d.unsettled() > longCs {
			d.restore()
		}
		return false
	}
	if d.restore(); d.state.Waiting() || !d.state.expired(d.at) {
		return false
	}
	d.endOnTime()
	return true
}

// giveUpWaiting aborts a game whose players have not both come in time. Another outage
// meanwhile does not count.
func (d *decision) giveUpWaiting() (ended bool) {
	s := d.state
	lost := schemas.Time(10 * d.outages.Centis(s.waitingSince, d.at))
	if d.at < s.FlagAt()+lost {
		return false
	}
	d.restore()
	d.end(schemas.GameAborted, schemas.NoResult, schemas.LongOutage)
	return true
}
