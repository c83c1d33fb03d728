package held

import (
	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// Disconnects is when the log recorded the disconnect of each side; 0 while the
// side is connected. It can be later than State.GoneSince, which is when the side
// was seen to go.
type Disconnects struct{ White, Black schemas.Time }

// Of is the time of one side.
func (d Disconnects) Of(c schemas.Color) schemas.Time {
	if c == schemas.White {
		return d.White
	}
	return d.Black
}

// NotBefore moves disconnects that are earlier than since to since.
func (d Disconnects) NotBefore(since schemas.Time) Disconnects {
	for _, at := range [...]*schemas.Time{&d.White, &d.Black} {
		if *at != 0 {
			*at = max(*at, since)
		}
	}
	return d
}

// update takes the step from one state to the next, which was recorded at a time.
func (d *Disconnects) update(before, after *game.State, at schemas.Time) {
	d.White = disconnectedAt(d.White, before, after, schemas.White, at)
	d.Black = disconnectedAt(d.Black, before, after, schemas.Black, at)
}

func disconnectedAt(recorded schemas.Time, before, after *game.State, side schemas.Color, at schemas.Time) schemas.Time {
	switch gone := after.GoneSince(side); {
	case gone == 0:
		return 0
	case before == nil || before.GoneSince(side) != gone:
		return at
	}
	return recorded
}
