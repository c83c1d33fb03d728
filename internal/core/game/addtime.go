package game

import (
	"tabiya/internal/core/game/row"
	"tabiya/schemas"
)

const (
	addedCs      = 1500 // 15 seconds
	maxTimeGiven = 20   // times a side and game
)

// addTime gives color's opponent time.
func (d *decision) addTime(color schemas.Color) *Refusal {
	s := d.state
	switch {
	case s.turn().First:
		return refuse(schemas.CodeClockNotRunning, "the clocks start after both first moves")
	case s.of(color).TimeGifts >= maxTimeGiven:
		return refuse(schemas.CodeTooMuchTime, "time may be added %d times in a game", maxTimeGiven)
	}
	receiver := color.Other()
	c := s.Clock.Add(receiver, addedCs)
	d.emit(schemas.TimeAdded, timeAdded(receiver, addedCs, schemas.Clocks{WhiteCs: c.White, BlackCs: c.Black}, c.Deadline(s.TimeControl, s.turn())))
	return nil
}

func timeAdded(receiver schemas.Color, centis int64, after schemas.Clocks, deadline schemas.Time) *schemas.TimeAddedPayload {
	return &schemas.TimeAddedPayload{Color: receiver, AddedCs: centis, Clock: after, DeadlineAt: deadline}
}

func (s *State) applyTimeAdded(p *schemas.TimeAddedPayload) row.Entry {
	s.Clock.White, s.Clock.Black = p.Clock.WhiteCs, p.Clock.BlackCs
	s.of(p.Color.Other()).TimeGifts++
	return row.Entry{Kind: row.KindTimeAdded, Color: p.Color, Centis: p.AddedCs}
}
