package protocol_test

import (
	"testing"
	"time"

	"tabiya/internal/core/game"
	"tabiya/schemas"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/protocol"
)

// The flag fell at the end of the game, not at the last move.
func TestClockOfATimedOutGameIsOfItsEnd(t *testing.T) {
	t.Parallel()
	const id = "0190b3a1-0000-7000-8000-000000000001"
	var state *game.State
	at := schemas.Time(1_000_000)
	decide := func(after time.Duration, kind schemas.CommandType, actor string, payload any) {
		t.Helper()
		at = at.Add(after)
		next, _, refusal := game.Decide(state, schemas.Command{ID: schemas.NewID(), Type: kind, Key: id, Region: "eu", Actor: actor, Payload: payload}, at)
		if refusal != nil {
			t.Fatalf("%s: %+v", kind, refusal)
		}
		state = next
	}
	decide(0, schemas.CreateGame, schemas.ActorService, &schemas.CreateGamePayload{
		White: schemas.Seated{PlayerID: "w", Handle: "White"}, Black: schemas.Seated{PlayerID: "b", Handle: "Black"},
		TimeControl: schemas.TimeControl{InitialCs: 6000},
	})
	for n, uci := range []string{"e2e4", "e7e5", "g1f3"} {
		decide(time.Second, schemas.PlayMove, []string{"w", "b"}[n%2], &schemas.PlayMovePayload{UCI: uci})
	}
	moved := at
	if got := protocol.GameOf(state, held.Disconnects{}).Clock; got.AsOf != moved || got.BlackCs != 6000 {
		t.Errorf("while the game runs: %+v", got)
	}
	decide(time.Hour, schemas.CheckFlag, schemas.ActorSystem, nil)
	got := protocol.GameOf(state, held.Disconnects{})
	if got.EndedAt != at || got.Clock != (protocol.Clock{WhiteCs: 5900, BlackCs: 0, AsOf: at}) {
		t.Errorf("ended at %v with %+v", got.EndedAt, got.Clock)
	}
}
