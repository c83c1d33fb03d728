package matchmaking

import (
	"net/http"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/schemas"
	"tabiya/services/matchmaking/subscriptions"
)

func TestRequestsRefusedWithoutKafkaAndServedAfter(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.AnswerTimeout = time.Second })
	r.RequireFake(t)
	p, q := r.register("Patient"), r.register("Queued")
	r.join(q, "5+0", "")
	stream := r.openStream(q, mediaNDJSON)
	if s := stream.want(subscriptions.TypeState).Seat; s.Status != "queued" {
		t.Fatalf("%+v", s)
	}
	r.Down()
	// The first command may be in flight when Kafka goes: its outcome is unknown.
	for {
		resp := r.request("POST", "/v1/queues/3+2/join", p, "k", "", nil)
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
			t.Fatal(resp.StatusCode)
		}
		if r.unreachable.Load() {
			break
		}
	}
	before := time.Now()
	r.wantRefused(schemas.CodeUnavailable, "POST", "/v1/queues/3+2/join", p, "k", "")
	r.wantRefused(schemas.CodeUnavailable, "POST", "/v1/queues/5+0/leave", q, "bye", "")
	r.wantRefused(schemas.CodeUnavailable, "GET", "/v1/me/events", p, "", "")
	if time.Since(before) > limit/2 {
		t.Error("refused too late")
	}
	eventually.True(r.t, "not ready", func() bool { return r.Ready() != nil })
	r.Up()
	var ticket ticketView
	eventually.True(r.t, "joined", func() bool {
		resp := r.request("POST", "/v1/queues/3+2/join", p, "k", "", &ticket)
		return resp.StatusCode == http.StatusOK
	})
	if again := r.join(p, "3+2", "k"); again != ticket {
		t.Fatalf("%+v, then %+v", ticket, again)
	}
	r.leave(q, "5+0", "bye")
	stream.want(subscriptions.TypeLeft) // the stream was open throughout
}

func TestCommandWithoutAnswerIsOutcomeUnknown(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.AnswerTimeout = 300 * time.Millisecond })
	p := r.register("Waiting")
	eventually.True(r.t, "indexed", func() bool { _, ok := r.cfg.Players.Get(p.id); return ok })
	r.stopPlayers()
	r.wantRefused(schemas.CodeOutcomeUnknown, "POST", "/v1/queues/3+2/join", p, "k", "")
	if n := r.answers.Waiting(); n != 0 {
		t.Fatalf("%d requests are still waiting", n)
	}
}
