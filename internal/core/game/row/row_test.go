package row

import (
	"testing"

	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

const (
	gameID    = "0190b3a1-0000-7000-8000-000000000001"
	createdAt = schemas.Time(1_700_000_000_000)
)

// entries are one of each kind, and one of each stored form of a move.
func entries() []Entry {
	move := rules.Move(0xabcde)
	return []Entry{
		{Kind: KindCreated},
		{Kind: KindStarted},
		{Kind: KindMove, Move: move},
		{Kind: KindMove, Move: move, Centis: 25},
		{Kind: KindDrawOffered, Color: schemas.White},
		{Kind: KindDrawDeclined, Color: schemas.Black},
		{Kind: KindTakebackOffered, Color: schemas.White},
		{Kind: KindTakebackDeclined, Color: schemas.Black},
		{Kind: KindTakebackAccepted, Color: schemas.White},
		{Kind: KindTakebackAccepted, Color: schemas.Black, TwoPlies: true},
		{Kind: KindTimeAdded, Color: schemas.White, Centis: 1500},
		{Kind: KindPlayerLeft, Color: schemas.Black},
		{Kind: KindPlayerLeft, Color: schemas.White, Explicit: true},
		{Kind: KindPlayerReturned, Color: schemas.Black},
		{Kind: KindLastMove, Move: move},
		{Kind: KindLastMove, Move: move, Centis: 300},
		{Kind: KindEnded, Result: schemas.Draw, Termination: schemas.Stalemate},
		{Kind: KindResigned, Result: schemas.WhiteWins, Termination: schemas.Resignation},
		{Kind: KindTimeout, Result: schemas.BlackWins, Termination: schemas.TimeForfeit},
		{Kind: KindAborted, Result: schemas.NoResult, Termination: schemas.MatchExpired},
		{Kind: KindRematchOffered, Color: schemas.White},
		{Kind: KindRematchDeclined, Color: schemas.Black},
		{Kind: KindRematchAccepted, Color: schemas.White},
		{Kind: KindRematchFailed, Refusal: schemas.NoAnswer},
		{Kind: KindRematchFailed, Color: schemas.Black, Refusal: schemas.SeatTaken},
		{Kind: KindRematchFailed, Color: schemas.White, Refusal: schemas.AccountClosed},
	}
}

func TestHistoryReturnsEveryKindOfEntry(t *testing.T) {
	t.Parallel()
	h := NewHistory(gameID, createdAt)
	at := createdAt
	want := entries()
	for i := range want {
		since := at
		at += schemas.Time(700 * i)
		want[i].Seq, want[i].At = int64(i)+1, at
		next, err := h.Append(commandID(int64(i)), want[i], since)
		if err != nil {
			t.Fatal(err)
		}
		h = next
	}
	encoded := Row{CreatedAt: createdAt, Seq: h.Events(), Result: schemas.NoResult, History: h}
	decoded, err := Decode(gameID, encoded.AppendTo(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []History{h, decoded.History} {
		var got []Entry
		for e := range h.Entries() {
			got = append(got, e)
		}
		if len(got) != len(want) {
			t.Fatalf("%d entries, want %d", len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("read %+v, want %+v", got[i], want[i])
			}
			id := commandID(int64(i))
			if e, ok := h.Find(id); !ok || e.Seq != want[i].Seq || h.CommandID(e.Seq) != id {
				t.Errorf("command %s caused event %d (%v)", id, e.Seq, ok)
			}
		}
	}
}

// commandID has the game's prefix for two in three commands.
func commandID(n int64) string {
	id := schemas.DerivedID(gameID, "test", n)
	if n%3 == 0 {
		return id
	}
	return schemas.GameCommandID(gameID, id)
}

func TestAppendRefusesWhatTheFormatCannotHold(t *testing.T) {
	t.Parallel()
	h := NewHistory(gameID, createdAt)
	for name, c := range map[string]struct {
		commandID string
		entry     Entry
	}{
		"no UUID":             {"7", Entry{Kind: KindCreated}},
		"unknown result":      {commandID(1), Entry{Kind: KindEnded, Result: "2-0", Termination: schemas.Checkmate}},
		"unknown termination": {commandID(1), Entry{Kind: KindEnded, Result: schemas.Draw, Termination: "boredom"}},
		"no termination":      {commandID(1), Entry{Kind: KindEnded, Result: schemas.Draw}},
	} {
		if next, err := h.Append(c.commandID, c.entry, createdAt); err == nil || next.Events() != 0 {
			t.Errorf("%s: appended", name)
		}
	}
}

func TestTwoValuesAppendedToOneShareNoBytes(t *testing.T) {
	t.Parallel()
	var one Keys
	one = one.Append(1)
	two, three := one.Append(2), one.Append(3)
	if two.Count(2) != 1 || two.Count(3) != 0 || three.Count(3) != 1 || one.Count(1) != 1 || one.Count(2) != 0 {
		t.Errorf("%v %v %v", one, two, three)
	}
}
