package held

import (
	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// Disconnects holds, for each side, the broker time of the PlayerLeft record; 0 while
// the side is present. That is usually a moment after State.GoneSince, the broker time
// of MarkGone.
type Disconnects struct{ White, Black schemas.Time }

// Of returns a side's disconnect time.
func (d Disconnects) Of(c schemas.Color) schemas.Time {
	if c == schemas.White {
		return d.White
	}
	return d.Black
}

// NotBefore raises both times to at least since. A 0 stays 0.
func (d Disconnects) NotBefore(since schemas.Time) Disconnects {
	for _, at := range [...]*schemas.Time{&d.White, &d.Black} {
		if *at != 0 {
			*at = max(*at, since)
		}
	}
	return d
}

// update records a change of state, from before to after, that the log has at `at`.
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
