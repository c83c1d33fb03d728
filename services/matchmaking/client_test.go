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
	"tabiya/services/openapi/openapitest"
)

// ask sends a request, checks the answer against the OpenAPI document and reads
// it into out.
func (r *rig) ask(method, path string, who person, key, body string, out any) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.server.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if who.token != "" {
		req.Header.Set("Authorization", "Bearer "+who.token)
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

func (r *rig) refused(want schemas.Code, method, path string, who person, key, body string) {
	r.t.Helper()
	var p httpx.Problem
	resp := r.ask(method, path, who, key, body, &p)
	if p.Code != want || resp.StatusCode != httpx.Status(want) || resp.Header.Get("Content-Type") != "application/problem+json" {
		r.t.Errorf("%s %s %.80s: %d %s %q, want %s", method, path, body, resp.StatusCode, p.Code, p.Detail, want)
	}
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		r.t.Errorf("%s %s: no Retry-After", method, path)
	}
}

func (r *rig) join(who person, pool, key string) (t ticketView) {
	r.t.Helper()
	if resp := r.ask("POST", "/v1/queues/"+pool+"/join", who, key, "", &t); resp.StatusCode != http.StatusOK {
		r.t.Fatalf("join %s: %d", pool, resp.StatusCode)
	}
	return t
}

func (r *rig) leave(who person, pool, key string) {
	r.t.Helper()
	if resp := r.ask("POST", "/v1/queues/"+pool+"/leave", who, key, "", nil); resp.StatusCode != http.StatusNoContent {
		r.t.Fatalf("leave %s: %d", pool, resp.StatusCode)
	}
}

// listener is an open GET /v1/me/events.
type listener struct {
	t     *testing.T
	resp  *http.Response
	lines *bufio.Scanner
	close func()
}

func (r *rig) listen(who person, accept string) *listener {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), limit)
	r.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", r.server.URL+"/v1/me/events", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+who.token)
	req.Header.Set("Accept", accept)
	resp, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != accept {
		r.t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	openapitest.ValidateBody(r.t, req, resp, nil)
	return &listener{r.t, resp, bufio.NewScanner(resp.Body), cancel}
}

// next is the next item of an NDJSON stream; false at its end.
func (l *listener) next() (i item, ok bool) {
	l.t.Helper()
	for l.lines.Scan() {
		if len(l.lines.Bytes()) == 0 {
			continue // keep-alive
		}
		d := json.NewDecoder(bytes.NewReader(l.lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&i); err != nil {
			l.t.Fatalf("%s: %v", l.lines.Bytes(), err)
		}
		return i, true
	}
	return item{}, false
}

// want reads the next item and wants it to be of a type.
func (l *listener) want(kind string) item {
	l.t.Helper()
	i, ok := l.next()
	if !ok || i.Type != kind {
		l.t.Fatalf("%+v (%v), want %s", i, l.lines.Err(), kind)
	}
	return i
}
