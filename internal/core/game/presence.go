package game

import (
	"tabiya/internal/core/game/row"
	"tabiya/schemas"
)

// maxDisconnects bounds how many disconnects of a side are recorded in the log. The
// ones after that are ignored, so the opponent cannot claim the game on them.
const maxDisconnects = 100

// presence handles MarkGone and MarkPresent. A command that changes nothing causes
// no event.
func (d *decision) presence() {
	s := d.state
	switch p := d.cmd.Payload.(type) {
	case *schemas.MarkGonePayload:
		if !validColor(p.Color) {
			return
		}
		if side := s.side(p.Color); side.GoneSince == 0 && side.Disconnects < maxDisconnects {
			d.emit(schemas.PlayerLeft, &schemas.PlayerLeftPayload{Color: p.Color, Explicit: p.Left})
		}
	case *schemas.MarkPresentPayload:
		if validColor(p.Color) && s.side(p.Color).GoneSince != 0 {
			if s.Waiting() && s.side(p.Color.Other()).GoneSince == 0 {
				d.restore() // the wait ends: the clock runs from now on
			}
			d.emit(schemas.PlayerReturned, &schemas.PlayerReturnedPayload{Color: p.Color})
		}
	}
}

func validColor(c schemas.Color) bool { return c == schemas.White || c == schemas.Black }

func (s *State) applyLeft(p *schemas.PlayerLeftPayload, at schemas.Time) row.Entry {
	side := s.side(p.Color)
	side.GoneSince, side.Left = at, p.Explicit
	side.Disconnects++
	return row.Entry{Kind: row.KindPlayerLeft, Color: p.Color, Explicit: p.Explicit}
}

// markPresent is called when a side returned or moved.
func (s *State) markPresent(c schemas.Color) {
	side := s.side(c)
	side.GoneSince, side.Left = 0, false
}

// GoneSince returns when a side left, or 0 if it is present.
func (s *State) GoneSince(c schemas.Color) schemas.Time { return s.side(c).GoneSince }
