package livegame_test

import (
	"slices"
	"strings"
	"testing"

	"tabiya/internal/eventually"
	"tabiya/schemas"
)

// scholar is the scholar's mate, in seven plies.
var scholar = []string{"e2e4", "e7e5", "d1h5", "b8c6", "f1c4", "g8f6", "h5f7"}

func TestWholeGameOverHTTP(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := r.do("POST", "/v1/games", r.caller, r.gameBody(slowClock))
	created := a.read(t)
	if a.status != 201 || created.Status != "playing" || created.Seq != 2 || a.header.Get("Location") != "/v1/games/"+created.ID {
		t.Fatalf("%d %v %s", a.status, a.header, a.body)
	}
	id := created.ID
	for n, uci := range scholar {
		got := r.ok("POST", "/v1/games/"+id+"/moves", r.mover(n).token, moveBody(uci))
		if got.ID != id || got.Ply != n+1 || got.Seq != int64(n+3) {
			t.Fatalf("ply %d: %+v", n+1, got)
		}
		if over := n == len(scholar)-1; over != (got.Result == schemas.WhiteWins) || over != (got.Termination == schemas.Checkmate) {
			t.Fatalf("ply %d: %+v", n+1, got)
		}
		if log := r.log(id); !slices.Contains(log, string(got.Event)) {
			t.Fatalf("the answer to ply %d has an event that is not in the log: %s", n+1, got.Event)
		}
	}
	end := r.ok("GET", "/v1/games/"+id, "", "")
	if end.Status != "over" || end.Result != schemas.WhiteWins || end.Ply != 7 || !slices.Equal(end.Moves, scholar) {
		t.Errorf("%+v", end)
	}
	r.refused(409, schemas.CodeGameOver, "POST", "/v1/games/"+id+"/moves", r.black.token, moveBody("e8f7"))
	if log := r.log(id); len(log) != 2+len(scholar)+1 {
		t.Errorf("%d events:\n%s", len(log), strings.Join(log, "\n"))
	}
}

func TestEveryOtherTermination(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, end := range []struct {
		name        string
		moves       []string
		actions     [][3]string // white or black, path, body
		result      schemas.Result
		termination schemas.Termination
	}{
		{"resigned", scholar[:3], [][3]string{{"black", "resign", ""}}, schemas.WhiteWins, schemas.Resignation},
		{"resigned with a body", scholar[:3], [][3]string{{"white", "resign", "{}"}}, schemas.BlackWins, schemas.Resignation},
		{"agreed", scholar[:4], [][3]string{{"white", "draw", `{"action":"offer"}`}, {"black", "draw", `{"action":"accept"}`}}, schemas.Draw, schemas.Agreement},
		{"declined, then resigned", scholar[:4], [][3]string{
			{"white", "draw", `{"action":"offer"}`}, {"black", "draw", `{"action":"decline"}`}, {"black", "resign", ""},
		}, schemas.WhiteWins, schemas.Resignation},
		{"aborted", scholar[:1], [][3]string{{"black", "abort", ""}}, schemas.NoResult, schemas.AbortedByPlayer},
	} {
		t.Run(end.name, func(t *testing.T) {
			id := r.newGame()
			r.play(id, 0, end.moves...)
			var last reply
			for _, a := range end.actions {
				who := map[string]person{"white": r.white, "black": r.black}[a[0]]
				last = r.ok("POST", "/v1/games/"+id+"/"+a[1], who.token, a[2])
			}
			if last.Result != end.result || last.Termination != end.termination {
				t.Errorf("%+v", last)
			}
			if got := r.ok("GET", "/v1/games/"+id, "", ""); got.Status != "over" || got.Result != end.result || got.Termination != end.termination {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestRepeatGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := schemas.NewID()
	first := r.do("POST", "/v1/games", r.caller, r.gameBody(slowClock), "Idempotency-Key", key)
	id := first.read(t).ID
	moves := "/v1/games/" + id + "/moves"
	move := r.do("POST", moves, r.white.token, moveBody("e2e4"), "Idempotency-Key", "m1")
	r.play(id, 1, "e7e5")
	mate := r.do("POST", moves, r.white.token, moveBody("d1h5"), "Idempotency-Key", "m3")
	r.play(id, 3, scholar[3:6]...)
	last := r.do("POST", moves, r.white.token, moveBody("h5f7"), "Idempotency-Key", "m7")

	for _, again := range []struct {
		first answer
		now   answer
	}{
		{first, r.do("POST", "/v1/games", r.caller, r.gameBody(slowClock), "Idempotency-Key", key)},
		{move, r.do("POST", moves, r.white.token, moveBody("e2e4"), "Idempotency-Key", "m1")},
		{mate, r.do("POST", moves, r.white.token, moveBody("d1h5"), "Idempotency-Key", "m3")},
		{last, r.do("POST", moves, r.white.token, moveBody("h5f7"), "Idempotency-Key", "m7")},
	} {
		if again.first.status/100 != 2 || again.now.status != again.first.status || string(again.now.body) != string(again.first.body) {
			t.Errorf("first %d %s\nthen  %d %s", again.first.status, again.first.body, again.now.status, again.now.body)
		}
	}
	r.refused(422, schemas.CodeKeyReused, "POST", moves, r.white.token, moveBody("d2d4"), "Idempotency-Key", "m1")
	r.refused(422, schemas.CodeKeyReused, "POST", "/v1/games/"+id+"/resign", r.white.token, "", "Idempotency-Key", "m1")
	// Reusing the key does not change the answer to its first request.
	if again := r.do("POST", moves, r.white.token, moveBody("e2e4"), "Idempotency-Key", "m1"); string(again.body) != string(move.body) {
		t.Errorf("first %s\nthen  %d %s", move.body, again.status, again.body)
	}
	if log := r.log(id); len(log) != 2+7+1 {
		t.Errorf("%d events:\n%s", len(log), strings.Join(log, "\n"))
	}
}

func TestRefusedCommandStaysRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := r.start()
	other.waitReady()
	id := r.newGame()
	moves := "/v1/games/" + id + "/moves"
	r.refused(409, schemas.CodeNotYourTurn, "POST", moves, r.black.token, moveBody("e7e5"), "Idempotency-Key", "early")
	r.refused(422, schemas.CodeKeyReused, "POST", moves, r.black.token, moveBody("d7d5"), "Idempotency-Key", "early")
	r.play(id, 0, "e2e4")
	eventually.True(t, "the other instance has read the refusal", func() bool {
		return other.service.RemembersRefusal(id, schemas.GameCommandID(id, schemas.CommandID(r.black.id, "early")))
	})
	// The move would be legal now, but its key stays refused: on this instance, on
	// another one, and on one that starts later.
	r.refused(409, schemas.CodeNotYourTurn, "POST", moves, r.black.token, moveBody("e7e5"), "Idempotency-Key", "early")
	other.refused(409, schemas.CodeNotYourTurn, "POST", moves, r.black.token, moveBody("e7e5"), "Idempotency-Key", "early")
	late := r.start()
	late.waitReady()
	late.refused(409, schemas.CodeNotYourTurn, "POST", moves, r.black.token, moveBody("e7e5"), "Idempotency-Key", "early")
	late.ok("POST", moves, r.black.token, moveBody("e7e5"), "Idempotency-Key", "in-time")
}
