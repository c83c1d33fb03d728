package game

import "tabiya/schemas"

// restore gives back the time since the last move in which nobody could move, if
// there was any. It is called before anything that the clock decides.
func (d *decision) restore() {
	s := d.state
	centis := d.outages.Centis(s.Clock.UnsettledFrom(), d.at)
	if centis == 0 {
		return
	}
	after := s.Clock.Restore(centis, d.at)
	d.emit(schemas.TimeRestored, timeRestoredPayload(s.Turn(), centis, after.Deadline(s.TimeControl, s.turn())))
}

func timeRestoredPayload(color schemas.Color, centis int64, deadline schemas.Time) *schemas.TimeRestoredPayload {
	return &schemas.TimeRestoredPayload{Color: color, RestoredCs: centis, DeadlineAt: deadline}
}

// restoredClocks returns what was restored to each side, or nil if nothing was.
func (l *line) restoredClocks() *schemas.Clocks {
	if l.restored == [2]int64{} {
		return nil
	}
	return &schemas.Clocks{WhiteCs: l.restored[0], BlackCs: l.restored[1]}
}

// outOfTime handles a command of the system that can end a game on time: it reports
// whether the clock decided the command. While the clocks stand still, nothing is
// decided by them, and nothing is restored: a timer that fires again and again would
// make an event each time.
func (d *decision) outOfTime() bool {
	if !d.state.expired(d.at) || d.outages.StandStill(d.at) {
		return false
	}
	if d.restore(); d.state.expired(d.at) {
		d.endOnTime()
		return true
	}
	return false
}
