package tables

import (
	"tabiya/internal/core/outage"
	"tabiya/schemas"
)

// PulseRow is what a partition of game-commands remembers of its pulses: one row in
// games-table, under the partition's pulse key.
type PulseRow struct {
	outage.Gaps
	head schemas.Head
}

// Head returns the frame of the row.
func (r *PulseRow) Head() schemas.Head { return r.head }

// Handle adds the pulse that stands at that place.
func (r *PulseRow) Handle(at schemas.Time, place int64) {
	r.Pulse(at, place)
	r.head = schemas.Head{Version: r.head.Version + 1, Offset: place}
}

// Stamped returns the row with another head.
func (r *PulseRow) Stamped(version, place int64) *PulseRow {
	return &PulseRow{r.Gaps, schemas.Head{Version: version, Offset: place}}
}

// Pulses describes the rows of games-table that are not games.
func Pulses() Table[*PulseRow] {
	games := Games()
	return Table[*PulseRow]{
		Group: games.Group, Topic: games.Topic, Commands: games.Commands, Events: games.Events,
		AppendBody: func(b []byte, row *PulseRow) []byte { return row.Gaps.AppendBody(b) },
		DecodeBody: func(_ string, head schemas.Head, body []byte) (*PulseRow, error) {
			gaps, err := outage.DecodeBody(body)
			return &PulseRow{gaps, head}, err
		},
	}
}
