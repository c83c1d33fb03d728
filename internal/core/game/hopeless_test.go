package game

import (
	"testing"
	"time"

	"tabiya/schemas"
)

// A command that is hopeless is refused by Decide too, whatever happens before it.
func TestHopelessCommandIsRefusedInEveryLaterState(t *testing.T) {
	t.Parallel()
	move := func(uci string, ply int) *schemas.PlayMovePayload {
		return &schemas.PlayMovePayload{UCI: uci, Ply: ply}
	}
	at := schemas.Time(1_000_000)
	next := func(s *State, kind schemas.CommandType, actor string, payload any) *State {
		t.Helper()
		at = at.Add(time.Second)
		after, _, refusal := Decide(s, schemas.Command{ID: schemas.NewID(), Type: kind, Key: "0190b3a1-0000-7000-8000-000000000001", Region: "eu", Actor: actor, Payload: payload}, at)
		if refusal != nil {
			t.Fatalf("%s: %+v", kind, refusal)
		}
		return after
	}
	begun := next(nil, schemas.CreateGame, schemas.ActorService, &schemas.CreateGamePayload{
		White: schemas.Seated{PlayerID: "w"}, Black: schemas.Seated{PlayerID: "b"}, TimeControl: schemas.TimeControl{InitialCs: 30_000},
	})
	moved := next(begun, schemas.PlayMove, "w", move("e2e4", 1))
	resigned := next(moved, schemas.Resign, "b", nil)
	aborted := next(begun, schemas.AbortGame, "w", nil)
	for _, c := range []struct {
		name    string
		state   *State
		kind    schemas.CommandType
		actor   string
		payload any
		want    schemas.Code
	}{
		{"a move out of turn", begun, schemas.PlayMove, "b", move("e7e5", 0), ""},
		{"a move out of turn, for the mover's own ply", begun, schemas.PlayMove, "b", move("e7e5", 2), ""},
		{"a move for the opponent's ply", begun, schemas.PlayMove, "b", move("e7e5", 3), schemas.CodeNotYourTurn},
		{"an illegal move", begun, schemas.PlayMove, "w", move("e2e5", 1), ""},
		{"a rematch of a running game", moved, schemas.OfferRematch, "w", nil, ""},
		{"a stranger's move", resigned, schemas.PlayMove, "s", move("e2e4", 1), ""},
		{"a move in a finished game", resigned, schemas.PlayMove, "w", move("d2d4", 3), schemas.CodeGameOver},
		{"a resignation of a finished game", resigned, schemas.Resign, "w", nil, schemas.CodeGameOver},
		{"a rematch", resigned, schemas.OfferRematch, "w", nil, ""},
		{"a rematch of an aborted game", aborted, schemas.OfferRematch, "w", nil, schemas.CodeNoRematch},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := schemas.Command{ID: schemas.NewID(), Type: c.kind, Key: c.state.ID, Actor: c.actor, Payload: c.payload}
			got := c.state.Hopeless(cmd)
			if (got == nil) != (c.want == "") || got != nil && got.Code != c.want {
				t.Fatalf("%+v, want %q", got, c.want)
			}
			if _, _, refusal := Decide(c.state, cmd, at); got != nil && refusal == nil {
				t.Error("Decide accepts it")
			}
		})
	}
}
