package game

import (
	"tabiya/internal/core/game/row"
	"tabiya/schemas"
)

const (
	addedCs      = 1500 // 15 seconds
	maxTimeGifts = 20   // per side and game
)

// addTime lets color give its opponent 15 seconds.
func (d *decision) addTime(color schemas.Color) *Refusal {
	s := d.state
	switch {
	case s.turn().First:
		return refuse(schemas.CodeClockNotRunning, "the clocks start after both first moves")
	case s.side(color).TimeGifts >= maxTimeGifts:
		return refuse(schemas.CodeTooMuchTime, "time may be added %d times in a game", maxTimeGifts)
	}
	receiver := color.Other()
	c := s.Clock.Add(receiver, addedCs)
	d.emit(schemas.TimeAdded, timeAddedPayload(receiver, addedCs, schemas.Clocks{WhiteCs: c.White, BlackCs: c.Black}, c.Deadline(s.TimeControl, s.turn())))
	return nil
}

func timeAddedPayload(receiver schemas.Color, centis int64, after schemas.Clocks, deadline schemas.Time) *schemas.TimeAddedPayload {
	return &schemas.TimeAddedPayload{Color: receiver, AddedCs: centis, Clock: after, DeadlineAt: deadline}
}

func (s *State) applyTimeAdded(p *schemas.TimeAddedPayload) row.Entry {
	s.Clock.White, s.Clock.Black = p.Clock.WhiteCs, p.Clock.BlackCs
	s.side(p.Color.Other()).TimeGifts++
	return row.Entry{Kind: row.KindTimeAdded, Color: p.Color, Centis: p.AddedCs}
}
