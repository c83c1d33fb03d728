package standstill

import (
	"encoding/json"
	"testing"
	"time"

	"tabiya/internal/core/game"
	"tabiya/schemas"
	"tabiya/services/openapi/openapitest"
)

const pulseKey = "pulse-0"

// newGame returns a game in which White is to move at a time.
func newGame(t *testing.T, at schemas.Time) *game.State {
	t.Helper()
	id := schemas.NewID()
	s, _, refusal := game.Decide(nil, schemas.Command{ID: schemas.NewID(), Type: schemas.CreateGame, Key: id, Region: "eu", Actor: schemas.ActorService,
		Payload: &schemas.CreateGamePayload{
			White: schemas.Seated{PlayerID: schemas.NewID()}, Black: schemas.Seated{PlayerID: schemas.NewID()},
			TimeControl: schemas.TimeControl{InitialCs: 6000},
		}}, at)
	if refusal != nil {
		t.Fatal(refusal)
	}
	for _, move := range []struct{ by, uci string }{{s.White.PlayerID, "e2e4"}, {s.Black.PlayerID, "e7e5"}} {
		if s, _, refusal = game.Decide(s, schemas.Command{ID: schemas.NewID(), Type: schemas.PlayMove, Key: id, Region: "eu", Actor: move.by,
			Payload: &schemas.PlayMovePayload{UCI: move.uci}}, at); refusal != nil {
			t.Fatal(refusal)
		}
	}
	return s
}

// Watchers of a game whose partition sends no pulse are told that its clocks stand
// still, and with the next pulse when they run again and until when the side to move
// has time then.
func TestClocksFrameFollowsThePulses(t *testing.T) {
	t.Parallel()
	document, err := openapitest.Load()
	if err != nil {
		t.Fatal(err)
	}
	at := schemas.Time(1_700_000_000_000)
	s := newGame(t, at)
	tracker := New(nil, func(string) string { return pulseKey })
	pulse := func(at schemas.Time) {
		tracker.OnReply(schemas.Reply{Type: schemas.PulseHandled, Key: pulseKey, OccurredAt: at})
	}
	type frame struct {
		Type       string       `json:"type"`
		Running    bool         `json:"running"`
		RunsAt     schemas.Time `json:"runsAt"`
		DeadlineAt schemas.Time `json:"deadlineAt"`
	}
	want := func(what string, goesOn, told bool, w frame) {
		t.Helper()
		item, ok := tracker.note(pulseKey, s, goesOn)
		if ok != told {
			t.Fatalf("%s: told is %t", what, ok)
		}
		if !told {
			return
		}
		var got frame
		var sent any
		if err := json.Unmarshal(item.Text(), &got); err != nil || got != w {
			t.Errorf("%s: %s, want %+v: %v", what, item.Text(), w, err)
		}
		_ = json.Unmarshal(item.Text(), &sent)
		if err := document.Components.Schemas["ServerFrame"].Value.VisitJSON(sent); err != nil {
			t.Errorf("%s: %s: %v", what, item.Text(), err)
		}
	}
	want("before the first pulse", false, false, frame{})
	pulse(at)
	pulse(at + 1000)
	want("pulses come", false, false, frame{})
	if changed := tracker.changed(time.Now()); len(changed) != 0 {
		t.Errorf("changed: %v", changed)
	}
	if changed := tracker.changed(time.Now().Add(silence + time.Second)); !changed[pulseKey] {
		t.Error("the silence is not noticed")
	}
	want("no pulse comes", false, true, frame{Type: "clocks"})
	pulse(at + 7000) // 6 s dark, and as long to come back
	if changed := tracker.changed(time.Now()); !changed[pulseKey] {
		t.Error("the pulse after the silence is not noticed")
	}
	want("the first pulse again", true, true, frame{"clocks", true, at + 13_000, s.Deadline() + 12_000})
	want("to a watcher who comes then", false, true, frame{"clocks", true, at + 13_000, s.Deadline() + 12_000})
	s = newGame(t, at+14_000)
	want("of a game that has moved since", false, false, frame{})
}
