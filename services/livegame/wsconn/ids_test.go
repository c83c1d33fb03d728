package wsconn

import (
	"strconv"
	"testing"
)

func TestIDIsAnsweredOnceOnAConnection(t *testing.T) {
	t.Parallel()
	var ids IDs
	begin := func(id, uci string) Seen { return ids.Begin(id, "PlayMove", uci) }
	for i := range 100 {
		id := strconv.Itoa(i)
		if got := begin(id, "e2e4"); got != New {
			t.Fatalf("%s: %v", id, got)
		}
		if got := begin(id, "e2e4"); got != Repeated {
			t.Fatalf("%s in flight: %v", id, got)
		}
		ids.End(id, true)
	}
	for i := range 100 {
		id := strconv.Itoa(i)
		if same, other := begin(id, "e2e4"), begin(id, "d2d4"); same != Repeated || other != Reused || !ids.Known(id) {
			t.Fatalf("%s again: %v, for another move: %v", id, same, other)
		}
	}
	if begin("refused", "e2e5"); ids.inFlight != 1 {
		t.Fatalf("%d are in flight", ids.inFlight)
	}
	ids.End("refused", false)
	if ids.Known("refused") || ids.Known("") || begin("refused", "e2e4") != New {
		t.Fatal("the id of a refused move cannot be used again")
	}
}
