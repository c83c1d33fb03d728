package game

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"tabiya/schemas"
)

const (
	gameID  = "0190b3a1-0000-7000-8000-000000000001"
	whiteID = "0190b3a1-0000-7000-8000-00000000000a"
	blackID = "0190b3a1-0000-7000-8000-00000000000b"
	epoch   = schemas.Time(1_700_000_000_123)
)

var blitz = schemas.TimeControl{InitialCs: 30000, IncrementCs: 300}

// table plays one game and checks, at each step, all that must hold of it.
type table struct {
	t      testing.TB
	state  *State
	at     schemas.Time
	events []schemas.Event
	n      int64 // commands sent
}

func (g *table) command(t schemas.CommandType, actor string, payload any) schemas.Command {
	g.n++
	id := schemas.DerivedID(gameID, "test", g.n)
	if g.n%4 != 0 { // of the others, some processor is the author
		id = schemas.GameCommandID(gameID, id)
	}
	return schemas.Command{ID: id, Type: t, Key: gameID, Region: "eu", Actor: actor, Payload: payload}
}

// send judges a command in a state that has been through the codec.
func (g *table) send(cmd schemas.Command) ([]schemas.Event, *Refusal) {
	g.t.Helper()
	before := g.state
	if before != nil {
		before = recode(g.t, before)
	}
	next, events, refusal := Judge(before, cmd, g.at)
	again, refusalAgain := Decide(g.state, cmd, g.at)
	if !reflect.DeepEqual(again, events) || !reflect.DeepEqual(refusalAgain, refusal) {
		g.t.Fatalf("%s: two judgements of one command differ", cmd.Type)
	}
	folded := g.state
	for _, ev := range events {
		var err error
		if folded, err = Apply(folded, throughWire(g.t, ev)); err != nil {
			g.t.Fatal(err)
		}
	}
	if folded != nil && !bytes.Equal(AppendBody(nil, folded), AppendBody(nil, next)) {
		g.t.Fatalf("%s: applied events and judged state differ", cmd.Type)
	}
	g.state = folded
	g.events = append(g.events, events...)
	return events, refusal
}

func (g *table) must(cmd schemas.Command) []schemas.Event {
	g.t.Helper()
	events, refusal := g.send(cmd)
	if refusal != nil {
		g.t.Fatalf("%s refused: %+v", cmd.Type, *refusal)
	}
	return events
}

func (g *table) refused(cmd schemas.Command, code schemas.Code) {
	g.t.Helper()
	before := g.state
	events, refusal := g.send(cmd)
	if refusal == nil || refusal.Code != code || len(events) != 0 {
		g.t.Fatalf("%s: %+v, want %s", cmd.Type, refusal, code)
	}
	if g.state != before {
		g.t.Fatal("a refused command changed the state")
	}
}

func (g *table) actor() string {
	if g.state.Turn() == schemas.White {
		return whiteID
	}
	return blackID
}

func (g *table) play(uci string) []schemas.Event {
	g.t.Helper()
	g.at += 1000
	return g.must(g.command(schemas.PlayMove, g.actor(), &schemas.PlayMovePayload{UCI: uci}))
}

func (g *table) playAll(ucis string) (last []schemas.Event) {
	g.t.Helper()
	for _, uci := range strings.Fields(ucis) {
		last = g.play(uci)
	}
	return last
}

// checkHistory makes every event again and compares the bytes.
func (g *table) checkHistory() {
	g.t.Helper()
	again := recode(g.t, g.state).Events(1)
	if len(again) != len(g.events) {
		g.t.Fatalf("%d events made again, want %d", len(again), len(g.events))
	}
	for i, ev := range g.events {
		want, got := ev.Record().Value, again[i].Record().Value
		if !bytes.Equal(want, got) {
			g.t.Fatalf("event %d made again as\n%s\nwant\n%s", i+1, got, want)
		}
		if i%9 == 0 || i == len(g.events)-1 {
			if one, ok := g.state.EventAt(ev.Seq); !ok || !bytes.Equal(one.Record().Value, want) {
				g.t.Fatalf("EventAt(%d) differs", ev.Seq)
			}
		}
		if ev.Seq != int64(i)+1 {
			g.t.Fatalf("event %d has seq %d", i+1, ev.Seq)
		}
	}
}

func createPayload() *schemas.CreateGamePayload {
	return &schemas.CreateGamePayload{
		White:       schemas.Seated{PlayerID: whiteID, Handle: "anna", Rating: 1512.25, Deviation: 80.5, TicketID: "0190b3a1-0000-7000-8000-0000000000ca", Attempt: 1},
		Black:       schemas.Seated{PlayerID: blackID, Handle: "Łukasz", Rating: 1490, Deviation: 120, TicketID: "0190b3a1-0000-7000-8000-0000000000cb", Attempt: 3},
		TimeControl: blitz, Rated: true, Queue: "eu/5+3/0",
	}
}

// newTable sits down to a game that has just started.
func newTable(t testing.TB) *table {
	t.Helper()
	return newTableOf(t, createPayload())
}

func newTableOf(t testing.TB, p *schemas.CreateGamePayload) *table {
	t.Helper()
	g := &table{t: t, at: epoch}
	if events := g.must(g.command(schemas.CreateGame, schemas.ActorSystem, p)); len(events) != 2 {
		t.Fatalf("%d events created the game", len(events))
	}
	return g
}

func recode(t testing.TB, s *State) *State {
	t.Helper()
	body := AppendBody(nil, s)
	if hint := SizeOf(s); len(body) > hint || hint > len(body)+160 {
		t.Fatalf("a body of %d bytes was thought to need %d", len(body), hint)
	}
	again, err := DecodeBody(s.ID, s.head, body)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(AppendBody(nil, again), body) {
		t.Fatal("a row that was read is written differently")
	}
	return again
}

func throughWire(t testing.TB, ev schemas.Event) schemas.Event {
	t.Helper()
	again, err := schemas.DecodeEvent(ev.Record().Value)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func legal(s *State) []string { return position(s.FEN).LegalMoves() }
