package livegame_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tabiya/internal/core/game"
	"tabiya/internal/eventually"
	"tabiya/schemas"
	"tabiya/services/livegame"
)

func answerWithin(d time.Duration) func(*livegame.Config) {
	return func(c *livegame.Config) { c.AnswerTimeout = d }
}

func TestRestartDuringAGameLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	for n, uci := range scholar {
		r.play(id, n, uci)
		if n%2 == 0 {
			continue
		}
		old := r.instance
		go old.stop()
		r.instance = r.startOther()
		if got := r.ok("GET", "/v1/games/"+id, "", ""); got.Ply != n+1 || !slices.Equal(got.Moves, scholar[:n+1]) {
			t.Fatalf("after a restart at ply %d: %+v", n+1, got)
		}
	}
	log := r.log(id)
	last := r.startOther()
	if got := lines(t, last.openStream("/v1/games/"+id+"/events", "*/*").Body); !slices.Equal(got, log) {
		t.Errorf("a new instance streams\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(log, "\n"))
	}
}

func TestRequestsAreRefusedBeforeCatchingUp(t *testing.T) {
	t.Parallel()
	r := bareRig(t)
	r.RequireFake(t)
	r.Down()
	r.instance = r.start(func(c *livegame.Config) { c.Kafka.SendTimeout = time.Second })
	for _, c := range [][3]string{{"GET", "/v1/games/" + schemas.NewID(), ""}, {"POST", "/v1/games/" + schemas.NewID() + "/resign", r.white.token}} {
		if a := r.refused(503, schemas.CodeUnavailable, c[0], c[1], c[2], ""); a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	if r.service.Ready() == nil {
		t.Error("ready")
	}
	r.Up()
	r.waitReady()
}

func TestKafkaOutageLosesNoMove(t *testing.T) {
	t.Parallel()
	r := newRig(t, answerWithin(time.Second))
	r.RequireFake(t)
	id := r.newGame()
	c := r.dialAs(id, r.white)
	c.until("state")
	r.Down()
	moves := "/v1/games/" + id + "/moves"
	first := r.do("POST", moves, r.white.token, moveBody("e2e4"), "Idempotency-Key", "m1")
	if code := first.read(t).Code; first.status != 503 || first.header.Get("Retry-After") == "" || (code != schemas.CodeOutcomeUnknown && code != schemas.CodeUnavailable) {
		t.Fatalf("%d %s", first.status, first.body)
	}
	eventually.True(t, "commands are refused as unavailable", func() bool {
		a := r.do("POST", moves, r.white.token, moveBody("e2e4"), "Idempotency-Key", "m1")
		return a.status == 503 && a.read(t).Code == schemas.CodeUnavailable
	})
	if got := r.ok("GET", "/v1/games/"+id, "", ""); got.Ply != 0 { // games that were read can still be shown
		t.Errorf("%+v", got)
	}
	r.refused(503, schemas.CodeUnavailable, "GET", "/v1/games/"+schemas.NewID(), "", "") // may have begun during the outage
	eventually.True(t, "not ready", func() bool { return r.service.Ready() != nil })
	up := schemas.TimeOf(time.Now())
	r.Up()
	var again answer
	eventually.True(t, "the same key gets its answer", func() bool {
		again = r.do("POST", moves, r.white.token, moveBody("e2e4"), "Idempotency-Key", "m1")
		return again.status == 200
	})
	if since := r.service.AvailableSince(); since < up {
		t.Errorf("available since %v, before the outage ended at %v", since, up)
	}
	// TimeRestored may precede the move: pulses were missing too.
	events := withoutRestored(c.events(1))
	if len(events) == 0 {
		events = c.events(1)
	}
	if events[0] != string(again.read(t).Event) {
		t.Errorf("the socket saw %s", events)
	}
	if log := withoutRestored(r.log(id)); len(log) != 3 {
		t.Errorf("%d events:\n%s", len(log), strings.Join(log, "\n"))
	}
}

func withoutRestored(events []string) []string {
	return slices.DeleteFunc(events, func(ev string) bool { return strings.Contains(ev, `"eventType":"TimeRestored"`) })
}

func TestOutcomeIsUnknownWhileNoProcessorRuns(t *testing.T) {
	t.Parallel()
	r, stop := newRigToStop(t, answerWithin(300*time.Millisecond))
	id := r.newGame()
	stop()
	a := r.refused(503, schemas.CodeOutcomeUnknown, "POST", "/v1/games/"+id+"/moves", r.white.token, moveBody("e2e4"), "Idempotency-Key", "m1")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	r.startProcessor()
	eventually.True(t, "the same key gets the answer", func() bool {
		return r.do("POST", "/v1/games/"+id+"/moves", r.white.token, moveBody("e2e4"), "Idempotency-Key", "m1").status == 200
	})
	if log := r.log(id); len(log) != 3 {
		t.Errorf("%d events", len(log))
	}
}

func TestCommandsInFlightAreBounded(t *testing.T) {
	t.Parallel()
	r, stop := newRigToStop(t, answerWithin(limit), func(c *livegame.Config) { c.MaxInFlight = 1 })
	id := r.newGame()
	stop()
	c := r.dialAs(id, r.white)
	c.until("state")
	c.send(`{"type":"move","uci":"e2e4","clientMoveId":"waits"}`)
	c.send(`{"type":"move","uci":"d2d4","clientMoveId":"too-many"}`)
	if f, _ := c.until("refused"); f.Code != schemas.CodeUnavailable || f.ClientMoveID != "too-many" {
		t.Errorf("%+v", f)
	}
	r.startProcessor()
	if f, _ := c.until("ack"); f.ClientMoveID != "waits" {
		t.Errorf("%+v", f)
	}
}

func TestMoveAfterTheFlagFellIsRefused(t *testing.T) {
	t.Parallel()
	r := bareRig(t) // the test acts as the processor
	r.instance = r.startOther()
	s := r.story("e2e4", "e7e5")
	r.write(s, 1, 2, 3, 4)
	c := r.dialAs(s.id, r.white)
	c.until("state")
	c.send(`{"type":"move","uci":"g1f3","clientMoveId":"late"}`)
	c.send(`{"type":"ping"}`)
	c.until("pong") // the move was sent
	late := schemas.Command{
		ID: schemas.GameCommandID(s.id, schemas.CommandID(r.white.id, "late")), Type: schemas.PlayMove, Key: s.id, Region: "eu", Actor: r.white.id,
		Payload: &schemas.PlayMovePayload{UCI: "g1f3"},
	}
	_, events, refusal := game.Decide(s.states[4], late, schemas.TimeOf(time.Now().Add(time.Hour)))
	if refusal != nil || events[0].Type != schemas.GameTimeout {
		t.Fatalf("%v %v", events, refusal)
	}
	if err := r.producer.Send(t.Context(), events[0]); err != nil {
		t.Fatal(err)
	}
	f, before := c.until("refused")
	if f.Code != schemas.CodeGameOver || !strings.Contains(f.Detail, "flag fell") || len(before) == 0 || before[len(before)-1] != string(events[0].Record().Value) {
		t.Errorf("%+v after %v", f, before)
	}
}
