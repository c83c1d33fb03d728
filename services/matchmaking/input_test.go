package matchmaking

import (
	"strings"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/internal/httpx"
	"tabiya/schemas"
)

func TestBadInputRefusedWithStableCodeAndChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p, closed, unregistered := r.register("Good"), r.register("Gone"), r.unregistered()
	r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.ClosePlayer, Key: closed.id, Region: "eu", Actor: schemas.ActorSystem})
	eventually.True(r.t, "closed", func() bool { row, ok := r.cfg.Players.Get(closed.id); return ok && row.Closed })
	expired, _, err := r.signer.Player(p.id, time.Now().Add(-2*time.Hour), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	serviceToken, _, err := r.signer.Service("tests", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	anonymous, invalid, late, service := account{}, account{token: "abc"}, account{token: expired}, account{token: serviceToken}
	const join, leave, events = "/v1/queues/3+2/join", "/v1/queues/3+2/leave", "/v1/me/events"
	for name, tc := range map[string]struct {
		method, path string
		account      account
		key, body    string
		want         schemas.Code
	}{
		"truncated body":       {"POST", join, p, "", `{"region":`, schemas.CodeMalformedJSON},
		"not JSON":             {"POST", join, p, "", `hello`, schemas.CodeMalformedJSON},
		"unknown field":        {"POST", join, p, "", `{"pool":"3+2"}`, schemas.CodeUnknownField},
		"wrong type":           {"POST", join, p, "", `{"region":7}`, schemas.CodeInvalidField},
		"too long":             {"POST", join, p, "", `{"region":"` + strings.Repeat("a", httpx.MaxBody) + `"}`, schemas.CodeBodyTooLarge},
		"unknown region":       {"POST", join, p, "", `{"region":"mars"}`, schemas.CodeUnknownRegion},
		"unknown queue":        {"POST", "/v1/queues/7+7/join", p, "", "", schemas.CodeQueueNotFound},
		"queue key as queue":   {"POST", "/v1/queues/eu%2F3+2%2F0/join", p, "", "", schemas.CodeQueueNotFound},
		"leave unknown queue":  {"POST", "/v1/queues/x/leave", p, "", "", schemas.CodeQueueNotFound},
		"leave without join":   {"POST", leave, p, "", "", schemas.CodeNotQueued},
		"leave, truncated":     {"POST", leave, p, "", `{"broken`, schemas.CodeMalformedJSON},
		"leave, null":          {"POST", leave, p, "", `null`, schemas.CodeInvalidField},
		"join, null region":    {"POST", join, p, "", `{"region":null}`, schemas.CodeInvalidField},
		"join, null":           {"POST", join, p, "", `null`, schemas.CodeInvalidField},
		"leave, extra field":   {"POST", leave, p, "", `{"unknown":1}`, schemas.CodeUnknownField},
		"leave, too long":      {"POST", leave, p, "", `{"a":"` + strings.Repeat("a", httpx.MaxBody) + `"}`, schemas.CodeBodyTooLarge},
		"bad key to join":      {"POST", join, p, "not one word", "", schemas.CodeInvalidIdempotency},
		"bad key to leave":     {"POST", leave, p, strings.Repeat("k", 129), "", schemas.CodeInvalidIdempotency},
		"join without token":   {"POST", join, anonymous, "", "", schemas.CodeUnauthenticated},
		"leave without token":  {"POST", leave, anonymous, "", "", schemas.CodeUnauthenticated},
		"stream without token": {"GET", events, anonymous, "", "", schemas.CodeUnauthenticated},
		"bad token":            {"POST", join, invalid, "", "", schemas.CodeUnauthenticated},
		"bad token, public":    {"GET", "/v1/queues", invalid, "", "", schemas.CodeUnauthenticated},
		"expired token":        {"POST", join, late, "", "", schemas.CodeTokenExpired},
		"stream, expired":      {"GET", events, late, "", "", schemas.CodeTokenExpired},
		"service token":        {"POST", join, service, "", "", schemas.CodeForbidden},
		"stream, service":      {"GET", events, service, "", "", schemas.CodeForbidden},
		"unregistered joins":   {"POST", join, unregistered, "", "", schemas.CodePlayerNotFound},
		"unregistered leaves":  {"POST", leave, unregistered, "", "", schemas.CodePlayerNotFound},
		"unregistered stream":  {"GET", events, unregistered, "", "", schemas.CodePlayerNotFound},
		"closed account":       {"POST", join, closed, "", "", schemas.CodePlayerClosed},
	} {
		t.Run(name, func(t *testing.T) {
			r := *r
			r.t = t
			r.wantRefused(tc.want, tc.method, tc.path, tc.account, tc.key, tc.body)
		})
	}
	row, ok := r.cfg.Players.Get(p.id)
	if !ok || row.Seat.TicketID != "" || row.Version != 1 {
		t.Fatalf("bad input changed the row: %+v", row)
	}
	if n := r.answers.Waiting(); n != 0 {
		t.Fatalf("%d requests are still waiting", n)
	}
}

func TestJoinRefusedWhenQueueFull(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	// Without the games processor, matched tickets stay in the queue as well.
	var last account
	for range 9 {
		last = r.register("Crowd")
		resp := r.request("POST", "/v1/queues/30+20/join", last, "k", "", nil)
		if resp.StatusCode != 200 {
			break
		}
	}
	r.wantRefused(schemas.CodeQueueFull, "POST", "/v1/queues/30+20/join", last, "k", "")
	eventually.True(r.t, "seat free again", func() bool { row, _ := r.cfg.Players.Get(last.id); return row.Seat.TicketID == "" })
	r.join(last, "30+0", "")
}
