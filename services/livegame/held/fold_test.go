package held_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"tabiya/internal/core/game"
	"tabiya/schemas"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/outbox"
	"tabiya/services/livegame/protocol"
)

const gameID = "0190b3a1-0000-7000-8000-000000000001"

// player decides commands and folds their events.
type player struct {
	t     *testing.T
	games *held.Games
	state *game.State // folded by game.Apply alone
	at    schemas.Time
}

// recordedAfter is how long after its command the log has an event.
const recordedAfter = 7

func newPlayer(t *testing.T) *player {
	p := &player{t: t, games: held.New(held.Config{Linger: time.Minute, MaxFinished: 10}), at: 1_000_000}
	p.send(schemas.Command{Type: schemas.CreateGame, Actor: schemas.ActorService, Payload: &schemas.CreateGamePayload{
		White: schemas.Seated{PlayerID: "w", Handle: "White"}, Black: schemas.Seated{PlayerID: "b", Handle: "Black"},
		TimeControl: schemas.TimeControl{InitialCs: 30000},
	}})
	return p
}

// send decides a command a second after the one before.
func (p *player) send(cmd schemas.Command) {
	p.t.Helper()
	p.at += 1000
	cmd.ID, cmd.Key, cmd.Region = schemas.NewID(), gameID, "eu"
	_, events, refusal := game.Decide(p.state, cmd, p.at)
	if refusal != nil || len(events) == 0 {
		p.t.Fatalf("%s: %+v", cmd.Type, refusal)
	}
	for _, ev := range events {
		var err error
		if p.state, err = game.Apply(p.state, ev); err != nil {
			p.t.Fatal(err)
		}
		var woken []*outbox.Outbox
		e := held.Event{Event: ev, Envelope: ev.Record().Value, At: p.at + recordedAfter}
		if _, result, err := p.games.Fold(e, false, &woken); result != held.Applied || err != nil {
			p.t.Fatalf("event %d: %d %v", ev.Seq, result, err)
		}
	}
}

func (p *player) move(ply int, uci string) {
	p.t.Helper()
	p.send(schemas.Command{Type: schemas.PlayMove, Actor: []string{"w", "b"}[ply%2], Payload: &schemas.PlayMovePayload{UCI: uci}})
}

func TestLongGameIsFoldedWhole(t *testing.T) {
	t.Parallel()
	var moves []string // knights there and back, and a pawn move before a position comes five times
	for row := range 2 {
		for _, file := range "abcdeh" {
			for range 3 {
				moves = append(moves, "g1f3", "g8f6", "f3g1", "f6g8")
			}
			moves = append(moves, fmt.Sprintf("%c%d%c%d", file, 2+row, file, 3+row), fmt.Sprintf("%c%d%c%d", file, 7-row, file, 6-row))
		}
	}
	p := newPlayer(t)
	for ply, uci := range moves {
		p.move(ply, uci)
		want := protocol.GameOf(p.state, held.Disconnects{})
		if got := protocol.GameOf(p.games.State(gameID), held.Disconnects{}); !reflect.DeepEqual(got, want) {
			t.Fatalf("after ply %d: %+v, want %+v", ply+1, got, want)
		}
	}
	if got, want := p.games.State(gameID).Events(1), p.state.Events(1); !reflect.DeepEqual(got, want) {
		t.Errorf("%d events differ from the %d that were folded", len(got), len(want))
	}
}

// A player counts as gone from when the log recorded the disconnect: not from a
// later event, and not from before this instance could be reached.
func TestDisconnectCountsFromWhenItWasRecorded(t *testing.T) {
	t.Parallel()
	p := newPlayer(t)
	for ply, uci := range []string{"e2e4", "e7e5", "g1f3"} {
		p.move(ply, uci)
	}
	want := func(games *held.Games, white, black schemas.Time) {
		t.Helper()
		if got := games.Get(gameID).Disconnects(); got != (held.Disconnects{White: white, Black: black}) {
			t.Fatalf("%+v, not %v and %v", got, white, black)
		}
	}
	mark := func(kind schemas.CommandType, payload any) {
		t.Helper()
		p.send(schemas.Command{Type: kind, Actor: schemas.ActorSystem, Payload: payload})
	}
	mark(schemas.MarkGone, &schemas.MarkGonePayload{Color: schemas.Black})
	left := p.at
	want(p.games, 0, left+recordedAfter)
	p.send(schemas.Command{Type: schemas.AddTime, Actor: "w"})
	want(p.games, 0, left+recordedAfter)
	for since, from := range map[schemas.Time]schemas.Time{0: left + recordedAfter, left + 5000: left + 5000} {
		g := p.games.Get(gameID)
		v := protocol.GameOf(g.State(), g.Disconnects().NotBefore(since))
		if v.Black.ClaimableAt != from.Add(40*time.Second) || v.Black.GoneSince != left || v.White.ClaimableAt != 0 {
			t.Fatalf("reachable since %v: %+v", since, v.Black)
		}
	}
	// Of a row only the row's own time is known.
	other := held.New(held.Config{Linger: time.Minute, MaxFinished: 10})
	var woken []*outbox.Outbox
	if _, complete, err := other.Install(gameID, held.Row{State: p.state, At: p.at + 9}, &woken); !complete || err != nil {
		t.Fatal(err)
	}
	want(other, 0, p.at+9)
	mark(schemas.MarkGone, &schemas.MarkGonePayload{Color: schemas.White})
	gone := p.at
	want(p.games, gone+recordedAfter, left+recordedAfter)
	mark(schemas.MarkPresent, &schemas.MarkPresentPayload{Color: schemas.Black})
	want(p.games, gone+recordedAfter, 0)
}
