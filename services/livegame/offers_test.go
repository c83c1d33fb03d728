package livegame_test

import (
	"slices"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/schemas"
	"tabiya/services/livegame"
)

// action sends a player's request twice with the same key, and checks that both get the
// same answer.
func (r *rig) action(gameID string, who person, path, body string) reply {
	r.t.Helper()
	key := schemas.NewID()
	first := r.do("POST", "/v1/games/"+gameID+"/"+path, who.token, body, "Idempotency-Key", key)
	again := r.do("POST", "/v1/games/"+gameID+"/"+path, who.token, body, "Idempotency-Key", key)
	if first.status != 200 || again.status != 200 || string(again.body) != string(first.body) {
		r.t.Fatalf("%s %s:\nfirst %d %s\nthen  %d %s", path, body, first.status, first.body, again.status, again.body)
	}
	return first.read(r.t)
}

func (r *rig) show(gameID string) reply {
	r.t.Helper()
	return r.ok("GET", "/v1/games/"+gameID, r.white.token, "")
}

const (
	offer   = `{"action":"offer"}`
	accept  = `{"action":"accept"}`
	decline = `{"action":"decline"}`
)

func TestTakebackOverHTTP(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	r.play(id, 0, scholar[:3]...)
	if got := r.action(id, r.white, "takeback", offer); got.Ply != 3 || got.Seq != 6 {
		t.Errorf("%+v", got)
	}
	if got := r.show(id); got.TakebackOffer != schemas.White {
		t.Errorf("%+v", got)
	}
	r.refused(409, schemas.CodeTakebackOfferPending, "POST", "/v1/games/"+id+"/takeback", r.white.token, offer)
	r.action(id, r.black, "takeback", decline)
	if got := r.show(id); got.TakebackOffer != "" || got.Ply != 3 {
		t.Errorf("%+v", got)
	}
	r.action(id, r.black, "takeback", offer) // White offered, so two plies are taken back
	if got := r.action(id, r.white, "takeback", accept); got.Ply != 1 || got.Result != schemas.NoResult {
		t.Errorf("%+v", got)
	}
	if got := r.show(id); got.Ply != 1 || got.Turn != schemas.Black || !slices.Equal(got.Moves, scholar[:1]) || got.TakebackOffer != "" {
		t.Errorf("%+v", got)
	}
	// An offer accepts the opponent's offer. A repeat gets the same answer after more moves.
	r.play(id, 1, scholar[1:3]...)
	r.action(id, r.white, "takeback", offer)
	key := schemas.NewID()
	both := r.do("POST", "/v1/games/"+id+"/takeback", r.black.token, offer, "Idempotency-Key", key)
	r.play(id, 2, scholar[2:5]...)
	if got := r.do("POST", "/v1/games/"+id+"/takeback", r.black.token, offer, "Idempotency-Key", key); both.read(t).Ply != 2 || string(got.body) != string(both.body) {
		t.Errorf("%s\n%s", both.body, got.body)
	}
}

func TestTimeIsAddedForTheOpponent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	r.play(id, 0, scholar[:2]...)
	before := r.show(id)
	if got := r.action(id, r.black, "time", ""); got.Ply != 2 || got.Result != schemas.NoResult {
		t.Errorf("%+v", got)
	}
	r.action(id, r.white, "time", "{}")
	after := r.show(id)
	if after.Clock.WhiteCs != before.Clock.WhiteCs+1500 || after.Clock.BlackCs != before.Clock.BlackCs+1500 || after.DeadlineAt != before.DeadlineAt.Add(15*time.Second) {
		t.Errorf("%+v, %d\nbefore %+v, %d", after.Clock, after.DeadlineAt, before.Clock, before.DeadlineAt)
	}
}

func TestDrawIsClaimed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	r.play(id, 0, "g1f3", "g8f6", "f3g1", "f6g8", "g1f3", "g8f6", "f3g1")
	claim := `{"action":"claim"}`
	r.refused(409, schemas.CodeNoDrawToClaim, "POST", "/v1/games/"+id+"/draw", r.black.token, claim)
	r.play(id, 7, "f6g8")
	r.refused(409, schemas.CodeNotYourTurn, "POST", "/v1/games/"+id+"/draw", r.black.token, claim)
	if got := r.action(id, r.white, "draw", claim); got.Result != schemas.Draw || got.Termination != schemas.ThreefoldRepetition || got.Ply != 8 {
		t.Errorf("%+v", got)
	}
}

func TestRematchIsAgreedOnAndMayFail(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	r.play(id, 0, scholar[:2]...)
	r.action(id, r.white, "resign", "")
	if got := r.action(id, r.white, "rematch", offer); got.Result != schemas.BlackWins || got.Ply != 2 || got.Rematch != "" {
		t.Errorf("%+v", got)
	}
	if got := r.show(id); got.RematchOffer != schemas.White {
		t.Errorf("%+v", got)
	}
	r.action(id, r.black, "rematch", decline)
	r.refused(409, schemas.CodeRematchOffered, "POST", "/v1/games/"+id+"/rematch", r.white.token, offer)
	r.action(id, r.black, "rematch", offer)
	got := r.action(id, r.white, "rematch", accept)
	if got.Result != schemas.BlackWins || got.Termination != schemas.Resignation || !schemas.ValidID(got.Rematch) {
		t.Fatalf("%+v", got)
	}
	if old := r.show(id); old.Rematch != got.Rematch || old.RematchOffer != "" {
		t.Errorf("%+v", old)
	}
	r.refused(409, schemas.CodeRematchAccepted, "POST", "/v1/games/"+id+"/rematch", r.black.token, offer)
	// An instance that starts later also has the rematch.
	if late := r.startOther().ok("GET", "/v1/games/"+id, "", ""); late.Rematch != got.Rematch {
		t.Errorf("%+v", late)
	}
	// Its seats cannot be taken.
	if err := r.producer.Send(t.Context(), schemas.Command{
		ID: schemas.NewID(), Type: schemas.FailRematch, Key: id, Region: "eu", Actor: schemas.ActorSystem,
		Payload: &schemas.FailRematchPayload{GameID: got.Rematch, Reason: schemas.SeatTaken, PlayerID: r.white.id},
	}); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "the rematch has failed", func() bool { return r.show(id).Rematch == "" })
	r.refused(409, schemas.CodeNoRematch, "POST", "/v1/games/"+id+"/rematch", r.black.token, offer)
}

func TestRematchIsRefusedWithAClosedAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	short := r.startOther(lingering(time.Millisecond))
	id := r.newGame()
	r.play(id, 0, scholar[:2]...)
	r.action(id, r.white, "resign", "")
	r.action(id, r.white, "rematch", offer)
	r.players.close(r.white.id)
	eventually.True(t, "the game is evicted from the other instance", func() bool { return short.do("GET", "/v1/games/"+id, "", "").status == 404 })
	short.refused(409, schemas.CodePlayerClosed, "POST", "/v1/games/"+id+"/rematch", r.black.token, accept)
	short.refused(404, schemas.CodeGameNotFound, "POST", "/v1/games/"+schemas.NewID()+"/rematch", r.black.token, accept)
	r.refused(409, schemas.CodePlayerClosed, "POST", "/v1/games/"+id+"/rematch", r.black.token, accept)
	r.refused(409, schemas.CodePlayerClosed, "POST", "/v1/games/"+id+"/rematch", r.black.token, offer)
	r.action(id, r.black, "rematch", decline)
}

// A rematch offer keeps the game held. An acceptance is answered even by an instance that
// has evicted the game.
func TestLateRematchIsAnswered(t *testing.T) {
	t.Parallel()
	const linger = time.Hour
	clock := newStoppedClock()
	r := newRig(t, lingering(linger), livegame.EvictByClock(clock.now))
	short := r.startOther(lingering(time.Millisecond))
	id := r.newGame()
	r.play(id, 0, scholar[:2]...)
	r.action(id, r.white, "resign", "")
	ended := schemas.TimeOf(time.Now())
	eventually.True(t, "the broker's clock has advanced", func() bool { return schemas.TimeOf(time.Now()) > ended })
	r.action(id, r.white, "rematch", offer)
	clock.advance(t, linger) // after the end, but not after the offer
	if got := r.show(id); got.RematchOffer != schemas.White {
		t.Errorf("%+v", got)
	}
	eventually.True(t, "the game is evicted from the other instance", func() bool { return short.do("GET", "/v1/games/"+id, "", "").status == 404 })
	got := short.ok("POST", "/v1/games/"+id+"/rematch", r.black.token, accept, "Idempotency-Key", "accept")
	if !schemas.ValidID(got.Rematch) || got.Ply != 2 {
		t.Errorf("%+v", got)
	}
	// An instance that never held the game gets the answer from the processor.
	never := r.startAfter(id)
	if again := never.ok("POST", "/v1/games/"+id+"/rematch", r.black.token, accept, "Idempotency-Key", "accept"); again.Rematch != got.Rematch {
		t.Errorf("%+v, not %+v", again, got)
	}
	clock.advance(t, linger)
	eventually.True(t, "the game is evicted", func() bool { return r.do("GET", "/v1/games/"+id, "", "").status == 404 })
}

func TestOffersOverSockets(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	white, black := r.dialAs(id, r.white), r.dialAs(id, r.black)
	white.until("state")
	black.until("state")
	r.play(id, 0, scholar[:2]...)
	for _, s := range []struct {
		who  *client
		text string
		code schemas.Code // "" if it is accepted
	}{
		{white, `{"type":"takeback","action":"offer","clientMoveId":"1"}`, ""},
		{white, `{"type":"takeback","action":"offer","clientMoveId":"2"}`, schemas.CodeTakebackOfferPending},
		{black, `{"type":"takeback","action":"decline","clientMoveId":"3"}`, ""},
		{black, `{"type":"time","clientMoveId":"4"}`, ""},
		{white, `{"type":"draw","action":"claim","clientMoveId":"5"}`, schemas.CodeNoDrawToClaim},
		{white, `{"type":"claim","as":"win","clientMoveId":"6"}`, schemas.CodeYourTurn},
		{white, `{"type":"claim","as":"loss","clientMoveId":"7"}`, schemas.CodeInvalidField},
		{white, `{"type":"claim","clientMoveId":"8"}`, schemas.CodeInvalidField},
		{white, `{"type":"claim","action":"win","clientMoveId":"9"}`, schemas.CodeInvalidField},
		{white, `{"type":"time","as":"win","clientMoveId":"10"}`, schemas.CodeInvalidField},
		{white, `{"type":"rematch","action":"offer","clientMoveId":"11"}`, schemas.CodeGameNotOver},
		{black, `{"type":"takeback","action":"offer","clientMoveId":"12"}`, ""},
		{white, `{"type":"takeback","action":"accept","clientMoveId":"13"}`, ""},
		{white, `{"type":"resign","clientMoveId":"14"}`, ""},
		{white, `{"type":"rematch","action":"offer","clientMoveId":"15"}`, ""},
		{black, `{"type":"rematch","action":"decline","clientMoveId":"16"}`, ""},
		{black, `{"type":"rematch","action":"offer","clientMoveId":"17"}`, ""},
		{white, `{"type":"rematch","action":"accept","clientMoveId":"18"}`, ""},
	} {
		s.who.send(s.text)
		want := "ack"
		if s.code != "" {
			want = "refused"
		}
		if f, _ := s.who.until(want); f.Code != s.code {
			t.Errorf("%s: %+v", s.text, f)
		}
	}
	// A socket that opens now gets the whole game, including the events after its end.
	log := r.log(id)
	late := r.dial(id, "?from_seq=1")
	if f, _ := late.until("state"); f.Game.Rematch == "" {
		t.Errorf("%+v", f.Game)
	}
	if got := late.events(len(log)); !slices.Equal(got, log) {
		t.Errorf("%d events", len(got))
	}
}
