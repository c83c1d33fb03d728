package held

import (
	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// Disconnects holds, for each side, when this instance read that the side is gone, by its
// own clock; 0 while the side is present. That is usually a moment after
// State.GoneSince, the broker time of MarkGone.
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

// after returns the times after a change of state, from old to next, that was read at
// `at`.
func (d Disconnects) after(old, next *game.State, at schemas.Time) Disconnects {
	return Disconnects{
		White: disconnectedAt(d.White, old, next, schemas.White, at),
		Black: disconnectedAt(d.Black, old, next, schemas.Black, at),
	}
}

func disconnectedAt(recorded schemas.Time, old, next *game.State, side schemas.Color, at schemas.Time) schemas.Time {
	switch gone := next.GoneSince(side); {
	case gone == 0:
		return 0
	case old == nil || old.GoneSince(side) != gone:
		return at
	}
	return recorded
}
