package matchmaking

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/matchmaking/subscriptions"
	"tabiya/services/openapi/openapitest"
)

// request sends a request, checks the response against the OpenAPI document and
// decodes it into out, if that is not nil.
func (r *rig) request(method, path string, p account, key, body string, out any) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.server.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	openapitest.Validate(r.t, req, resp)
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			r.t.Fatalf("%s %s: %d %s: %v", method, path, resp.StatusCode, text, err)
		}
	}
	return resp
}

// wantRefused sends a request that must be refused with a code.
func (r *rig) wantRefused(want schemas.Code, method, path string, p account, key, body string) {
	r.t.Helper()
	var problem httpx.Problem
	resp := r.request(method, path, p, key, body, &problem)
	if problem.Code != want || resp.StatusCode != httpx.Status(want) || resp.Header.Get("Content-Type") != "application/problem+json" {
		r.t.Errorf("%s %s %.80s: %d %s %q, want %s", method, path, body, resp.StatusCode, problem.Code, problem.Detail, want)
	}
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		r.t.Errorf("%s %s: no Retry-After", method, path)
	}
}

func (r *rig) join(p account, pool, key string) (t ticketView) {
	r.t.Helper()
	if resp := r.request("POST", "/v1/queues/"+pool+"/join", p, key, "", &t); resp.StatusCode != http.StatusOK {
		r.t.Fatalf("join %s: %d", pool, resp.StatusCode)
	}
	return t
}

func (r *rig) leave(p account, pool, key string) {
	r.t.Helper()
	if resp := r.request("POST", "/v1/queues/"+pool+"/leave", p, key, "", nil); resp.StatusCode != http.StatusNoContent {
		r.t.Fatalf("leave %s: %d", pool, resp.StatusCode)
	}
}

// eventStream is a client's open GET /v1/me/events.
type eventStream struct {
	t     *testing.T
	resp  *http.Response
	lines *bufio.Scanner
	close func()
}

func (r *rig) openStream(p account, accept string) *eventStream {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), limit)
	r.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", r.server.URL+"/v1/me/events", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	req.Header.Set("Accept", accept)
	resp, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != accept {
		r.t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	openapitest.ValidateBody(r.t, req, resp, nil)
	return &eventStream{r.t, resp, bufio.NewScanner(resp.Body), cancel}
}

// next returns the next notification of an NDJSON stream; false at its end.
func (e *eventStream) next() (n subscriptions.Notification, ok bool) {
	e.t.Helper()
	for e.lines.Scan() {
		if len(e.lines.Bytes()) == 0 {
			continue // keep-alive
		}
		d := json.NewDecoder(bytes.NewReader(e.lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&n); err != nil {
			e.t.Fatalf("%s: %v", e.lines.Bytes(), err)
		}
		openapitest.ValidateAs(e.t, "OwnEvent", e.lines.Bytes())
		return n, true
	}
	return subscriptions.Notification{}, false
}

// want reads the next notification, which must be of a type.
func (e *eventStream) want(wantType string) subscriptions.Notification {
	e.t.Helper()
	n, ok := e.next()
	if !ok || n.Type != wantType {
		e.t.Fatalf("%+v (%v), want %s", n, e.lines.Err(), wantType)
	}
	return n
}
