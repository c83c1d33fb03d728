package livegame

import (
	"testing"

	"tabiya/schemas"
)

// audience is a board with watchers that nobody reads for.
func audience(t testing.TB, created schemas.Event, watchers int) (b *board, boxes []*outbox) {
	t.Helper()
	b = &board{}
	var woken []*outbox
	if _, _, err := b.fold(logged{event: created, raw: created.Record().Value}, &woken); err != nil {
		t.Fatal(err)
	}
	for range watchers {
		box := newOutbox(func() {})
		if _, ok := b.watch(watcher{box: box, spectates: true, counts: true}); !ok {
			t.Fatal("it cannot be watched")
		}
		boxes = append(boxes, box)
	}
	return b, boxes
}

// The goroutine that folds events is the test's: if anything in it waited for a
// watcher, none of whom reads, the test would not end.
func TestNoMoveWaitsForAnyOfAThousandWatchers(t *testing.T) {
	t.Parallel()
	events := longGame(t)
	b, boxes := audience(t, events[0], 1000)
	half := outboxItems - len(events)/2
	for _, box := range boxes[:10] { // these have not read for long
		for range half {
			box.put(textItem([]byte("{}")))
		}
	}
	var woken []*outbox
	for _, ev := range events[1:] {
		woken = woken[:0]
		if _, how, err := b.fold(logged{event: ev, raw: ev.Record().Value}, &woken); how != stepped || err != nil {
			t.Fatalf("event %d: %d %v", ev.Seq, how, err)
		}
		wake(woken)
		wake(woken) // a token that nobody takes is in nobody's way
	}
	var first []item
	for n, box := range boxes {
		items, end := box.take(nil)
		if n < 10 { // cut off, which is all that comes of it
			if end != tooSlow || len(items) > 0 {
				t.Fatalf("watcher %d: %d items, %s", n, len(items), end)
			}
			continue
		}
		if first == nil {
			first = items
		}
		if end != goesOn || len(items) != len(events)-1 {
			t.Fatalf("watcher %d: %d items of %d, %s", n, len(items), len(events)-1, end)
		}
		for i, it := range items {
			if it.seq != int64(i)+2 || &it.frame[0] != &first[i].frame[0] {
				t.Fatalf("watcher %d: item %d has seq %d, or is a copy of its own", n, i, it.seq)
			}
		}
	}
}

// An event is encoded once, whoever watches: folding it allocates as much with a
// thousand watchers as with none.
func TestAnEventIsEncodedOnceForAllWatchers(t *testing.T) {
	events := longGame(t)
	cost := func(watchers int) float64 {
		b, boxes := audience(t, events[0], watchers)
		spare := make([][]item, watchers)
		woken := make([]*outbox, 0, watchers)
		before, ev := b.state, events[1]
		raw := ev.Record().Value
		once := func() {
			b.state, woken = before, woken[:0]
			if _, _, err := b.fold(logged{event: ev, raw: raw}, &woken); err != nil {
				t.Fatal(err)
			}
			for n, box := range boxes {
				spare[n], _ = box.take(spare[n])
			}
		}
		once() // each box and its spare grow once
		return testing.AllocsPerRun(20, once)
	}
	if alone, crowded := cost(0), cost(1000); crowded > alone+1 {
		t.Errorf("%v allocations with a thousand watchers, %v without", crowded, alone)
	}
}
