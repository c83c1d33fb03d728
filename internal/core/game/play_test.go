package game

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"tabiya/internal/core/outage"
	"tabiya/schemas"
)

const (
	gameID  = "0190b3a1-0000-7000-8000-000000000001"
	whiteID = "0190b3a1-0000-7000-8000-00000000000a"
	blackID = "0190b3a1-0000-7000-8000-00000000000b"
	epoch   = schemas.Time(1_700_000_000_123)
)

var blitz = schemas.TimeControl{InitialCs: 30000, IncrementCs: 300}

// harness plays one game and checks its invariants at each step.
type harness struct {
	t      testing.TB
	state  *State
	at     schemas.Time
	events []schemas.Event
	n      int64 // commands sent

	pulses outage.Gaps // of the game's partition
	place  int64       // of the last record in it
}

// pulse adds a pulse to the game's partition.
func (g *harness) pulse() {
	g.place++
	g.pulses.Pulse(g.at, g.place)
}

func (g *harness) command(t schemas.CommandType, actor string, payload any) schemas.Command {
	g.n++
	id := schemas.DerivedID(gameID, "test", g.n)
	if g.n%4 != 0 { // the others are like those of a processor
		id = schemas.GameCommandID(gameID, id)
	}
	return schemas.Command{ID: id, Type: t, Key: gameID, Region: "eu", Actor: actor, Payload: payload}
}

// send decides a command on a state that was encoded and decoded.
func (g *harness) send(cmd schemas.Command) ([]schemas.Event, *Refusal) {
	g.t.Helper()
	before := g.state
	if before != nil {
		before = recode(g.t, before)
	}
	g.place++
	outages := g.pulses.Before(g.place)
	next, events, refusal := DecideAmid(outages, before, cmd, g.at)
	_, again, refusalAgain := DecideAmid(outages, g.state, cmd, g.at)
	if !reflect.DeepEqual(again, events) || !reflect.DeepEqual(refusalAgain, refusal) {
		g.t.Fatalf("%s: two decisions on one command differ", cmd.Type)
	}
	folded := g.state
	for _, ev := range events {
		var err error
		if folded, err = Apply(folded, throughWire(g.t, ev)); err != nil {
			g.t.Fatal(err)
		}
	}
	if folded != nil && !bytes.Equal(AppendBody(nil, folded), AppendBody(nil, next)) {
		g.t.Fatalf("%s: the applied events lead to another state than Decide returned", cmd.Type)
	}
	g.state = folded
	g.events = append(g.events, events...)
	return events, refusal
}

func (g *harness) must(cmd schemas.Command) []schemas.Event {
	g.t.Helper()
	events, refusal := g.send(cmd)
	if refusal != nil {
		g.t.Fatalf("%s refused: %+v", cmd.Type, *refusal)
	}
	return events
}

func (g *harness) refused(cmd schemas.Command, code schemas.Code) {
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

func (g *harness) actor() string {
	if g.state.Turn() == schemas.White {
		return whiteID
	}
	return blackID
}

func (g *harness) play(uci string) []schemas.Event {
	g.t.Helper()
	g.at += 1000
	return g.must(g.command(schemas.PlayMove, g.actor(), &schemas.PlayMovePayload{UCI: uci}))
}

func (g *harness) playAll(ucis string) (last []schemas.Event) {
	g.t.Helper()
	for uci := range strings.FieldsSeq(ucis) {
		last = g.play(uci)
	}
	return last
}

// checkHistory rebuilds every event and compares the bytes.
func (g *harness) checkHistory() {
	g.t.Helper()
	again := recode(g.t, g.state).Events(1)
	if len(again) != len(g.events) {
		g.t.Fatalf("%d events rebuilt, want %d", len(again), len(g.events))
	}
	for i, ev := range g.events {
		want, got := ev.Record().Value, again[i].Record().Value
		if !bytes.Equal(want, got) {
			g.t.Fatalf("event %d rebuilt as\n%s\nwant\n%s", i+1, got, want)
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

// newGame returns a game that has just started.
func newGame(t testing.TB) *harness {
	t.Helper()
	return newGameOf(t, createPayload())
}

func newGameOf(t testing.TB, p *schemas.CreateGamePayload) *harness {
	t.Helper()
	g := &harness{t: t, at: epoch}
	if events := g.must(g.command(schemas.CreateGame, schemas.ActorSystem, p)); len(events) != 2 {
		t.Fatalf("%d events created the game", len(events))
	}
	return g
}

func recode(t testing.TB, s *State) *State {
	t.Helper()
	body := AppendBody(nil, s)
	if hint := SizeOf(s); len(body) > hint || hint > len(body)+160 {
		t.Fatalf("SizeOf of a body of %d bytes is %d", len(body), hint)
	}
	again, err := DecodeBody(s.ID, s.head, body)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(AppendBody(nil, again), body) {
		t.Fatal("a decoded row is encoded differently")
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

func legal(s *State) []string { return mustParseFEN(s.FEN).LegalMoves() }
