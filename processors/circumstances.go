package processors

import (
	"tabiya/internal/core/outage"
	"tabiya/schemas"
)

// Circumstances are all that a decision depends on beside the row and the command. They
// follow from the log, so that a command that is decided again is decided the same.
type Circumstances struct {
	At     schemas.Time   // the command's broker time
	Origin schemas.Origin // where the command stands; its Offset is the place, see schemas.Place
	// Format is the one in which the row and the events are written. A decision makes
	// nothing that only a later one has: no such kind of event, no such entry of a row.
	Format int
	// Outages are those that stand before the command, if its partition has pulses.
	Outages outage.View
}

// circumstances returns those of a command at a place. If a previous owner of the
// partition has written events of the command, their format is in force, although
// topology may have raised it since: the row must be the one that they follow from.
func (s *session[R]) circumstances(part *partition[R], origin schemas.Origin, at schemas.Time) Circumstances {
	in := Circumstances{At: at, Origin: origin, Format: int(s.format.Load()), Outages: part.pulses.before(origin.Offset)}
	if format, ok := part.replay.formatAt(origin.Offset); ok && format <= schemas.LatestFormat {
		in.Format = format
	}
	return in
}
