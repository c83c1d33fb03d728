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

// decider decides the commands of one game and folds their events, both into games and
// with game.Apply alone.
type decider struct {
	t     *testing.T
	games *held.Games
	state *game.State // folded with game.Apply
	at    schemas.Time
}

// readAfter is the time from a command to the records of its events, in
// milliseconds.
const readAfter = 7

func newDecider(t *testing.T) *decider {
	d := &decider{t: t, games: held.New(held.Config{Linger: time.Minute, MaxFinished: 10}), at: 1_000_000}
	d.send(schemas.Command{Type: schemas.CreateGame, Actor: schemas.ActorService, Payload: &schemas.CreateGamePayload{
		White: schemas.Seated{PlayerID: "w", Handle: "White"}, Black: schemas.Seated{PlayerID: "b", Handle: "Black"},
		TimeControl: schemas.TimeControl{InitialCs: 30000},
	}})
	return d
}

// send decides a command, a second after the previous one.
func (d *decider) send(cmd schemas.Command) {
	d.t.Helper()
	d.at += 1000
	cmd.ID, cmd.Key, cmd.Region = schemas.NewID(), gameID, "eu"
	_, events, refusal := game.Decide(d.state, cmd, d.at)
	if refusal != nil || len(events) == 0 {
		d.t.Fatalf("%s: %+v", cmd.Type, refusal)
	}
	for _, ev := range events {
		var err error
		if d.state, err = game.Apply(d.state, ev); err != nil {
			d.t.Fatal(err)
		}
		var woken []*outbox.Outbox
		e := held.Event{Event: ev, Envelope: ev.Record().Value, At: d.at + readAfter}
		if _, result, err := d.games.Fold(e, false, &woken); result != held.Applied || err != nil {
			d.t.Fatalf("event %d: %d %v", ev.Seq, result, err)
		}
	}
}

func (d *decider) move(ply int, uci string) {
	d.t.Helper()
	d.send(schemas.Command{Type: schemas.PlayMove, Actor: []string{"w", "b"}[ply%2], Payload: &schemas.PlayMovePayload{UCI: uci}})
}

func TestFoldOfALongGameEqualsApply(t *testing.T) {
	t.Parallel()
	var moves []string // knights there and back; a pawn moves before a position repeats five times
	for row := range 2 {
		for _, file := range "abcdeh" {
			for range 3 {
				moves = append(moves, "g1f3", "g8f6", "f3g1", "f6g8")
			}
			moves = append(moves, fmt.Sprintf("%c%d%c%d", file, 2+row, file, 3+row), fmt.Sprintf("%c%d%c%d", file, 7-row, file, 6-row))
		}
	}
	d := newDecider(t)
	for ply, uci := range moves {
		d.move(ply, uci)
		want := protocol.GameOf(d.state, held.Disconnects{})
		if got := protocol.GameOf(d.games.State(gameID), held.Disconnects{}); !reflect.DeepEqual(got, want) {
			t.Fatalf("after ply %d: %+v, want %+v", ply+1, got, want)
		}
	}
	if got, want := d.games.State(gameID).Events(1), d.state.Events(1); !reflect.DeepEqual(got, want) {
		t.Errorf("%d events differ from the %d that were folded", len(got), len(want))
	}
}

// A disconnect counts from when it was read. A later event does
// not change that time; an outage of this instance raises it.
func TestDisconnectCountsFromWhenItWasRead(t *testing.T) {
	t.Parallel()
	d := newDecider(t)
	for ply, uci := range []string{"e2e4", "e7e5", "g1f3"} {
		d.move(ply, uci)
	}
	want := func(games *held.Games, white, black schemas.Time) {
		t.Helper()
		if got := games.Get(gameID).Disconnects(); got != (held.Disconnects{White: white, Black: black}) {
			t.Fatalf("%+v, not %v and %v", got, white, black)
		}
	}
	mark := func(kind schemas.CommandType, payload any) {
		t.Helper()
		d.send(schemas.Command{Type: kind, Actor: schemas.ActorSystem, Payload: payload})
	}
	mark(schemas.MarkGone, &schemas.MarkGonePayload{Color: schemas.Black})
	left := d.at
	want(d.games, 0, left+readAfter)
	d.send(schemas.Command{Type: schemas.AddTime, Actor: "w"})
	want(d.games, 0, left+readAfter)
	for since, from := range map[schemas.Time]schemas.Time{0: left + readAfter, left + 5000: left + 5000} {
		g := d.games.Get(gameID)
		v := protocol.GameOf(g.State(), g.Disconnects().NotBefore(since))
		if v.Black.ClaimableAt != from.Add(40*time.Second) || v.Black.GoneSince != left || v.White.ClaimableAt != 0 {
			t.Fatalf("reachable since %v: %+v", since, v.Black)
		}
	}
	// In a row it was read with the row.
	other := held.New(held.Config{Linger: time.Minute, MaxFinished: 10})
	var woken []*outbox.Outbox
	if _, complete, err := other.Install(gameID, held.Row{State: d.state, At: d.at + 9}, &woken); !complete || err != nil {
		t.Fatal(err)
	}
	want(other, 0, d.at+9)
	mark(schemas.MarkGone, &schemas.MarkGonePayload{Color: schemas.White})
	gone := d.at
	want(d.games, gone+readAfter, left+readAfter)
	mark(schemas.MarkPresent, &schemas.MarkPresentPayload{Color: schemas.Black})
	want(d.games, gone+readAfter, 0)
}
