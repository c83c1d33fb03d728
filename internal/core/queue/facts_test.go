package queue

import (
	"reflect"
	"testing"

	"github.com/google/uuid"

	"tabiya/schemas"
)

func testFacts(command uuid.UUID) []fact {
	party := func(n int) Party {
		return Party{uuid.MustParse(id("ticket", n)), uuid.MustParse(id("player", n)), "Łukasz", 1500.25, 80.5, n}
	}
	white, black := party(1), party(2)
	short := Party{TicketID: white.TicketID, PlayerID: white.PlayerID}
	game := uuid.MustParse(id("game", 1))
	return []fact{
		{kind: entered, seq: 1, white: Party{TicketID: command, PlayerID: white.PlayerID, Rating: 1500.25}, waiting: 300},
		{kind: entered, seq: 2, white: Party{TicketID: white.TicketID, PlayerID: white.PlayerID, Rating: -1}, waiting: 1},
		{kind: left, seq: 3, white: short},
		{kind: found, seq: 4, white: white, black: black, game: game, deadline: epoch + 10_000},
		{kind: confirmed, seq: 5, white: white, black: black, game: game},
		{kind: failed, seq: 1 << 40, white: white, black: black, game: game},
		{kind: refused, white: short, code: schemas.CodeAlreadyMatched},
	}
}

func encodeFacts(facts []fact, command uuid.UUID) (b []byte) {
	for i := range facts {
		b = appendFact(b, &facts[i], command, epoch)
	}
	return b
}

func TestFactsRoundTrip(t *testing.T) {
	t.Parallel()
	command := uuid.MustParse(id("command", 1))
	want := testFacts(command)
	e := Entry{At: epoch, CommandID: command, Facts: encodeFacts(want, command)}
	if got := e.facts(); !reflect.DeepEqual(got, want) {
		t.Fatalf("read\n%+v\nwant\n%+v", got, want)
	}
}

func FuzzFacts(f *testing.F) {
	command := uuid.MustParse(id("command", 1))
	f.Add(encodeFacts(testFacts(command), command))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e := Entry{At: epoch, CommandID: command, Facts: raw}
		facts := e.facts()
		d := decision{cmd: schemas.Command{ID: id("command", 1), Type: schemas.EnterQueue, Key: key, Region: "eu", Actor: "somebody"}, at: epoch}
		for _, m := range d.messages(facts) {
			// JSON has no NaN or infinity, so no such rating gets into a row.
			if !hasNonFinite(facts) {
				m.Record()
			}
		}
	})
}

func hasNonFinite(facts []fact) bool {
	for _, f := range facts {
		for _, v := range []float64{f.white.Rating, f.white.Deviation, f.black.Rating, f.black.Deviation} {
			if v-v != 0 {
				return true
			}
		}
	}
	return false
}
