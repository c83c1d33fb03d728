package held

import (
	"fmt"
	"testing"

	"tabiya/internal/core/game"
	"tabiya/schemas"
	"tabiya/services/livegame/outbox"
)

// longGame returns the events of a game of 180 plies: knights there and back, with a
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

func eventOf(ev schemas.Event) Event { return Event{Event: ev, Envelope: ev.Record().Value} }

// watchedGame returns a game with spectators that do not read.
func watchedGame(t testing.TB, created schemas.Event, watchers int) (g *Game, boxes []*outbox.Outbox) {
	t.Helper()
	g = &Game{}
	var woken []*outbox.Outbox
	if _, _, _, err := g.fold(eventOf(created), &woken); err != nil {
		t.Fatal(err)
	}
	for range watchers {
		box := outbox.New(func() {})
		if _, ok := g.watch(Watcher{Box: box, Spectates: true, WantsCount: true}, New(Config{}).cfg.NoteFor); !ok {
			t.Fatal("the game cannot be watched")
		}
		boxes = append(boxes, box)
	}
	return g, boxes
}

// No watcher reads. If folding waited for a watcher, the test would not end.
func TestFoldDoesNotWaitForWatchers(t *testing.T) {
	t.Parallel()
	events := longGame(t)
	g, boxes := watchedGame(t, events[0], 1000)
	half := outbox.MaxItems - len(events)/2
	for _, box := range boxes[:10] { // the outboxes of slow readers, half full
		for range half {
			box.Put(outbox.TextItem([]byte("{}")))
		}
	}
	var woken []*outbox.Outbox
	for _, ev := range events[1:] {
		woken = woken[:0]
		if _, result, _, err := g.fold(eventOf(ev), &woken); result != Applied || err != nil {
			t.Fatalf("event %d: %d %v", ev.Seq, result, err)
		}
		outbox.WakeAll(woken)
		outbox.WakeAll(woken) // waking twice does not wait either
	}
	var first []outbox.Item
	for n, box := range boxes {
		items, end := box.Take(nil)
		if n < 10 { // their outboxes were full
			if end != outbox.TooSlow || len(items) > 0 {
				t.Fatalf("watcher %d: %d items, %s", n, len(items), end)
			}
			continue
		}
		if first == nil {
			first = items
		}
		if end != outbox.Open || len(items) != len(events)-1 {
			t.Fatalf("watcher %d: %d items of %d, %s", n, len(items), len(events)-1, end)
		}
		for i, it := range items {
			if it.Seq != int64(i)+2 || &it.Frame[0] != &first[i].Frame[0] {
				t.Fatalf("watcher %d: item %d has seq %d, or is a copy", n, i, it.Seq)
			}
		}
	}
}

// An event is encoded once for all watchers, so folding it allocates as much with a
// thousand watchers as with none.
func TestEventIsEncodedOnceForAllWatchers(t *testing.T) {
	events := longGame(t)
	cost := func(watchers int) float64 {
		g, boxes := watchedGame(t, events[0], watchers)
		spare := make([][]outbox.Item, watchers)
		woken := make([]*outbox.Outbox, 0, watchers)
		before, ev := g.state, events[1]
		e := eventOf(ev)
		once := func() {
			g.state, woken = before, woken[:0]
			if _, _, _, err := g.fold(e, &woken); err != nil {
				t.Fatal(err)
			}
			for n, box := range boxes {
				spare[n], _ = box.Take(spare[n])
			}
		}
		once() // each outbox grows once
		return testing.AllocsPerRun(20, once)
	}
	if alone, crowded := cost(0), cost(1000); crowded > alone+1 {
		t.Errorf("%v allocations with a thousand watchers, %v without", crowded, alone)
	}
}

func BenchmarkFold(b *testing.B) {
	events := longGame(b)
	for _, plies := range []int{3, 150} {
		b.Run(fmt.Sprint("after ", plies, " plies"), func(b *testing.B) {
			var woken []*outbox.Outbox
			fold := &Game{}
			for _, ev := range events[:plies+2] {
				if _, _, _, err := fold.fold(eventOf(ev), &woken); err != nil {
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
				if _, _, _, err := fold.fold(Event{Event: ev, Envelope: raw}, &woken); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
