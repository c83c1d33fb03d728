package processors_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

// finishUpgrade raises the format that topology says.
func (r *rig) finishUpgrade() {
	r.t.Helper()
	if schemas.LatestFormat == schemas.OldestFormat {
		r.t.Skip("this release knows one format; run with -tags next_format")
	}
	if _, err := topology.FinishUpgrade(r.t.Context(), r.Config); err != nil {
		r.t.Fatal(err)
	}
}

// checkFormats fails unless each event and row has what its format has, and returns how
// many events have each format.
func (r *rig) checkFormats() map[int]int {
	r.t.Helper()
	count := make(map[int]int)
	check := func(rec *kgo.Record, what string, format int, region string) {
		r.t.Helper()
		if (region == laterRegion) != (format > schemas.OldestFormat) {
			r.t.Errorf("%s at offset %d: format %d has the region %q", what, rec.Offset, format, region)
		}
	}
	for _, rec := range r.log(schemas.GameEvents) {
		ev, err := schemas.DecodeEvent(rec.Value)
		if err != nil {
			r.t.Fatal(err)
		}
		format := schemas.FormatOf(kafka.Header(rec, schemas.HeaderFormat))
		count[format]++
		check(rec, "event", format, ev.Region)
	}
	oldest := counterTable().EncodeAs(schemas.OldestFormat, "g", &counter{})[0] // the first byte of a row
	for _, rec := range r.log(schemas.GamesTable) {
		row, err := counterTable().Decode(string(rec.Key), rec.Value)
		if err != nil {
			r.t.Fatal(err)
		}
		check(rec, "row", schemas.OldestFormat+int(rec.Value[0]-oldest), row.History[len(row.History)-1].Region)
	}
	return count
}

// The format that topology says reaches the decision, the row and the events of a
// command together, also when it is raised meanwhile.
func TestDecisionIsMadeInTheFormatInForce(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.start()
	r.send(move("g", moveWhite, 0))
	r.waitLog(schemas.GameEvents, 1)
	r.finishUpgrade()
	sent := 1
	eventually.True(t, "an event in the later format", func() bool {
		r.send(move("g", []string{moveWhite, moveBlack}[sent%2], int64(sent)))
		sent++
		r.waitLog(schemas.GameEvents, sent)
		return r.checkFormats()[schemas.LatestFormat] > 0
	})
	r.waitLog(schemas.GamesTable, sent)
	if count := r.checkFormats(); count[schemas.OldestFormat] == 0 {
		t.Errorf("events by format: %v", count)
	}
}

// A command whose events are in the log is decided again in their format if its row was
// lost, although the format was raised meanwhile.
func TestReplayAfterTheFormatWasRaisedMakesTheRowOfItsEvents(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	restore := r.LoseProduced(t, schemas.GamesTable)
	r.send(move("g", moveWhite, 0))
	r.waitLog(schemas.GameEvents, 1)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	restore()
	r.finishUpgrade()
	r.start()
	r.waitLog(schemas.GamesTable, 1)
	r.send(move("g", moveBlack, 1))
	r.waitLog(schemas.GamesTable, 2)
	r.waitLog(schemas.GameEvents, 2)
	if count := r.checkFormats(); count[schemas.OldestFormat] != 1 || count[schemas.LatestFormat] != 1 {
		t.Errorf("events by format: %v", count)
	}
}
