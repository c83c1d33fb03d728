package matchmaking

import (
	"strings"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/internal/httpx"
	"tabiya/schemas"
)

func TestBadInputIsRefusedWithAStableCodeAndChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p, closed, nobody := r.register("Good"), r.register("Gone"), r.stranger()
	r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.ClosePlayer, Key: closed.id, Region: "eu", Actor: schemas.ActorSystem})
	eventually.True(r.t, "closed", func() bool { row, ok := r.cfg.Players.Get(closed.id); return ok && row.Closed })
	expired, _, err := r.signer.Player(p.id, time.Now().Add(-2*time.Hour), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	service, _, err := r.signer.Service("tests", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	none, bad, late, robot := person{}, person{token: "abc"}, person{token: expired}, person{token: service}
	const join, leave, events = "/v1/queues/3+2/join", "/v1/queues/3+2/leave", "/v1/me/events"
	for name, tc := range map[string]struct {
		method, path string
		who          person
		key, body    string
		want         schemas.Code
	}{
		"cut off":             {"POST", join, p, "", `{"region":`, schemas.CodeMalformedJSON},
		"not JSON":            {"POST", join, p, "", `hello`, schemas.CodeMalformedJSON},
		"unknown field":       {"POST", join, p, "", `{"pool":"3+2"}`, schemas.CodeUnknownField},
		"wrong type":          {"POST", join, p, "", `{"region":7}`, schemas.CodeInvalidField},
		"too long":            {"POST", join, p, "", `{"region":"` + strings.Repeat("a", httpx.MaxBody) + `"}`, schemas.CodeBodyTooLarge},
		"unknown region":      {"POST", join, p, "", `{"region":"mars"}`, schemas.CodeUnknownRegion},
		"no such queue":       {"POST", "/v1/queues/7+7/join", p, "", "", schemas.CodeQueueNotFound},
		"queue key as queue":  {"POST", "/v1/queues/eu%2F3+2%2F0/join", p, "", "", schemas.CodeQueueNotFound},
		"leave no such queue": {"POST", "/v1/queues/x/leave", p, "", "", schemas.CodeQueueNotFound},
		"leave without join":  {"POST", leave, p, "", "", schemas.CodeNotQueued},
		"leave, cut off":      {"POST", leave, p, "", `{"broken`, schemas.CodeMalformedJSON},
		"leave, null":         {"POST", leave, p, "", `null`, schemas.CodeInvalidField},
		"join, null":          {"POST", join, p, "", `null`, schemas.CodeInvalidField},
		"leave, unknown":      {"POST", leave, p, "", `{"unknown":1}`, schemas.CodeUnknownField},
		"leave, too long":     {"POST", leave, p, "", `{"a":"` + strings.Repeat("a", httpx.MaxBody) + `"}`, schemas.CodeBodyTooLarge},
		"bad key":             {"POST", join, p, "not one word", "", schemas.CodeInvalidIdempotency},
		"bad key to leave":    {"POST", leave, p, strings.Repeat("k", 129), "", schemas.CodeInvalidIdempotency},
		"join without token":  {"POST", join, none, "", "", schemas.CodeUnauthenticated},
		"leave without token": {"POST", leave, none, "", "", schemas.CodeUnauthenticated},
		"listen without":      {"GET", events, none, "", "", schemas.CodeUnauthenticated},
		"bad token":           {"POST", join, bad, "", "", schemas.CodeUnauthenticated},
		"bad token, open way": {"GET", "/v1/queues", bad, "", "", schemas.CodeUnauthenticated},
		"expired token":       {"POST", join, late, "", "", schemas.CodeTokenExpired},
		"listen when expired": {"GET", events, late, "", "", schemas.CodeTokenExpired},
		"service token":       {"POST", join, robot, "", "", schemas.CodeForbidden},
		"service listens":     {"GET", events, robot, "", "", schemas.CodeForbidden},
		"nobody joins":        {"POST", join, nobody, "", "", schemas.CodePlayerNotFound},
		"nobody leaves":       {"POST", leave, nobody, "", "", schemas.CodePlayerNotFound},
		"nobody listens":      {"GET", events, nobody, "", "", schemas.CodePlayerNotFound},
		"closed account":      {"POST", join, closed, "", "", schemas.CodePlayerClosed},
	} {
		t.Run(name, func(t *testing.T) {
			r := *r
			r.t = t
			r.refused(tc.want, tc.method, tc.path, tc.who, tc.key, tc.body)
		})
	}
	row, ok := r.cfg.Players.Get(p.id)
	if !ok || row.Seat.TicketID != "" || row.Version != 1 {
		t.Fatalf("%+v: bad input changed something", row)
	}
	if n := r.answers.Waiting(); n != 0 {
		t.Fatalf("%d requests left behind", n)
	}
}

func TestTheQueueHasABound(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	// Without the games processor tickets that are matched stay, too.
	var last person
	for range 9 {
		last = r.register("Crowd")
		resp := r.ask("POST", "/v1/queues/30+20/join", last, "k", "", nil)
		if resp.StatusCode != 200 {
			break
		}
	}
	r.refused(schemas.CodeQueueFull, "POST", "/v1/queues/30+20/join", last, "k", "")
	eventually.True(r.t, "free again", func() bool { row, _ := r.cfg.Players.Get(last.id); return row.Seat.TicketID == "" })
	r.join(last, "30+0", "")
}
