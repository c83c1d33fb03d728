package livegame

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// longGame is the events of a game of 180 plies: knights there and back, with a
// pawn move now and then.
func longGame(t testing.TB) (events []schemas.Event) {
	t.Helper()
	var moves []string
	for row := range 2 {
		for _, file := range "abcdeh" {
			for range 3 {
				moves = append(moves, "g1f3", "g8f6", "f3g1", "f6g8")
			}
			moves = append(moves, fmt.Sprintf("%c%d%c%d", file, 2+row, file, 3+row), fmt.Sprintf("%c%d%c%d", file, 7-row, file, 6-row))
		}
	}
	moves = append(moves, moves[:12]...)
	var state *game.State
	send := func(cmd schemas.Command) {
		cmd.ID, cmd.Key, cmd.Region = schemas.NewID(), "0190b3a1-0000-7000-8000-000000000001", "eu"
		next, more, refusal := game.Decide(state, cmd, 1000)
		if refusal != nil {
			t.Fatal(refusal.Detail)
		}
		state, events = next, append(events, more...)
	}
	send(schemas.Command{Type: schemas.CreateGame, Actor: schemas.ActorService, Payload: &schemas.CreateGamePayload{
		White: schemas.Seated{PlayerID: "w", Handle: "White"}, Black: schemas.Seated{PlayerID: "b", Handle: "Black"},
		TimeControl: schemas.TimeControl{InitialCs: 60000},
	}})
	for n, uci := range moves {
		send(schemas.Command{Type: schemas.PlayMove, Actor: []string{"w", "b"}[n%2], Payload: &schemas.PlayMovePayload{UCI: uci}})
	}
	return events
}

func TestALongGameIsFoldedWhole(t *testing.T) {
	t.Parallel()
	events := longGame(t)
	b := &board{}
	var woken []*outbox
	var plain *game.State
	for _, ev := range events {
		if _, how, err := b.fold(logged{event: ev, raw: ev.Record().Value}, &woken); how != stepped || err != nil {
			t.Fatalf("event %d: %d %v", ev.Seq, how, err)
		}
		var err error
		if plain, err = game.Apply(plain, ev); err != nil {
			t.Fatal(err)
		}
		if got, want := viewOf(b.snapshot(), b.gone), viewOf(plain, departures{}); !reflect.DeepEqual(got, want) {
			t.Fatalf("after event %d: %+v, want %+v", ev.Seq, got, want)
		}
	}
	if got := b.snapshot().Events(1); !reflect.DeepEqual(got, events) {
		t.Errorf("%d events are not what was folded", len(got))
	}
}

func BenchmarkFold(b *testing.B) {
	events := longGame(b)
	for _, plies := range []int{3, 150} {
		b.Run(fmt.Sprint("after ", plies, " plies"), func(b *testing.B) {
			var woken []*outbox
			fold := &board{}
			for _, ev := range events[:plies+2] {
				if _, _, err := fold.fold(logged{event: ev, raw: ev.Record().Value}, &woken); err != nil {
					b.Fatal(err)
				}
			}
			before, raw := fold.state, events[plies+2].Record().Value
			b.ReportAllocs()
			for range b.N {
				ev, err := schemas.DecodeEvent(raw)
				if err != nil {
					b.Fatal(err)
				}
				fold.state = before
				if _, _, err := fold.fold(logged{event: ev, raw: raw}, &woken); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// It counts from when the log told of a departure, and neither from what it tells
// later nor from before this instance was open.
func TestADepartureCountsFromWhenItWasTold(t *testing.T) {
	t.Parallel()
	b := &board{}
	var woken []*outbox
	var state *game.State
	at := schemas.Time(1_000_000) // of the commands; the log has their events 7 ms later
	send := func(cmd schemas.Command) {
		t.Helper()
		at += 1000
		cmd.ID, cmd.Key, cmd.Region = schemas.NewID(), "0190b3a1-0000-7000-8000-000000000001", "eu"
		next, events, refusal := game.Decide(state, cmd, at)
		if refusal != nil || len(events) == 0 {
			t.Fatalf("%s: %+v", cmd.Type, refusal)
		}
		state = next
		for _, ev := range events {
			if _, _, err := b.fold(logged{ev, ev.Record().Value, at + 7}, &woken); err != nil {
				t.Fatal(err)
			}
		}
	}
	told := func(b *board, white, black schemas.Time) {
		t.Helper()
		if _, gone := b.known(); gone != (departures{white, black}) {
			t.Fatalf("%+v, not %v and %v", gone, white, black)
		}
	}
	send(schemas.Command{Type: schemas.CreateGame, Actor: schemas.ActorService, Payload: &schemas.CreateGamePayload{
		White: schemas.Seated{PlayerID: "w", Handle: "White"}, Black: schemas.Seated{PlayerID: "b", Handle: "Black"},
		TimeControl: schemas.TimeControl{InitialCs: 30000},
	}})
	for n, uci := range []string{"e2e4", "e7e5", "g1f3"} {
		send(schemas.Command{Type: schemas.PlayMove, Actor: []string{"w", "b"}[n%2], Payload: &schemas.PlayMovePayload{UCI: uci}})
	}
	send(schemas.Command{Type: schemas.MarkGone, Actor: schemas.ActorSystem, Payload: &schemas.MarkGonePayload{Color: schemas.Black}})
	left := at
	told(b, 0, left+7)
	send(schemas.Command{Type: schemas.AddTime, Actor: "w"})
	told(b, 0, left+7)
	for since, want := range map[schemas.Time]schemas.Time{0: left + 7, left + 5000: left + 5000} {
		_, gone := b.known()
		if v := viewOf(b.snapshot(), gone.from(since)); v.Black.ClaimableAt != want.Add(40*time.Second) || v.Black.GoneSince != left || v.White.ClaimableAt != 0 {
			t.Fatalf("open since %v: %+v", since, v.Black)
		}
	}
	// From a row it is known since the log has had that.
	other := &board{}
	if _, closed, err := other.install(tableRow{state, at + 9}, &woken); !closed || err != nil {
		t.Fatal(err)
	}
	told(other, 0, at+9)
	send(schemas.Command{Type: schemas.MarkGone, Actor: schemas.ActorSystem, Payload: &schemas.MarkGonePayload{Color: schemas.White}})
	told(b, at+7, left+7)
	send(schemas.Command{Type: schemas.MarkPresent, Actor: schemas.ActorSystem, Payload: &schemas.MarkPresentPayload{Color: schemas.Black}})
	told(b, at-993, 0)
}
