package matchmaking

import (
	"net/http"
	"testing"
	"time"

	"tabiya/schemas"
)

func TestKafkaAwayIsA503AndNothingIsLost(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.AnswerTimeout = time.Second })
	r.RequireFake(t)
	p, q := r.register("Patient"), r.register("Queued")
	r.join(q, "5+0", "")
	l := r.listen(q, mediaNDJSON)
	if s := l.want(itemState).Seat; s.Status != "queued" {
		t.Fatalf("%+v", s)
	}
	r.Down()
	// The first may still be on its way when Kafka goes: its outcome is unknown.
	for {
		resp := r.ask("POST", "/v1/queues/3+2/join", p, "k", "", nil)
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
			t.Fatal(resp.StatusCode)
		}
		if r.link.away.Load() {
			break
		}
	}
	before := time.Now()
	r.refused(schemas.CodeUnavailable, "POST", "/v1/queues/3+2/join", p, "k", "")
	r.refused(schemas.CodeUnavailable, "POST", "/v1/queues/5+0/leave", q, "bye", "")
	r.refused(schemas.CodeUnavailable, "GET", "/v1/me/events", p, "", "")
	if time.Since(before) > limit/2 {
		t.Error("refused late")
	}
	r.eventually("not ready", func() bool { return r.Ready() != nil })
	r.Up()
	var ticket ticketView
	r.eventually("joined", func() bool {
		resp := r.ask("POST", "/v1/queues/3+2/join", p, "k", "", &ticket)
		return resp.StatusCode == http.StatusOK
	})
	if again := r.join(p, "3+2", "k"); again != ticket {
		t.Fatalf("%+v, then %+v", ticket, again)
	}
	r.leave(q, "5+0", "bye")
	l.want(itemLeft) // the stream has lived through it
}

func TestAnAnswerThatDoesNotComeIsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.AnswerTimeout = 300 * time.Millisecond })
	p := r.register("Waiting")
	r.eventually("indexed", func() bool { _, ok := r.cfg.Players.Get(p.id); return ok })
	r.stopPlayers()
	r.refused(schemas.CodeOutcomeUnknown, "POST", "/v1/queues/3+2/join", p, "k", "")
	if n := r.answers.Waiting(); n != 0 {
		t.Fatalf("%d requests left behind", n)
	}
}
