package livegame_test

import (
	"testing"

	"tabiya/schemas"
)

// The same request may name its players by id or by handle.
func TestGameIsCreatedByHandles(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := schemas.NewID()
	byHandle := r.ok("POST", "/v1/games", r.caller, `{"white":"white","black":"BLACK","timeControl":`+slowClock+`}`, "Idempotency-Key", key)
	if byHandle.White.PlayerID != r.white.id || byHandle.Black.PlayerID != r.black.id {
		t.Errorf("%+v", byHandle)
	}
	byID := r.ok("POST", "/v1/games", r.caller, `{"white":"`+r.white.id+`","black":"`+r.black.id+`","timeControl":`+slowClock+`}`, "Idempotency-Key", key)
	if byID.ID != byHandle.ID {
		t.Errorf("%s, and by id %s", byHandle.ID, byID.ID)
	}
}
