package livegame_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"tabiya/schemas"
	"tabiya/services/livegame/held"
)

// newPrivate creates a private blitz game of the rig's two players.
func (r *rig) newPrivate() (gameID string) {
	r.t.Helper()
	return r.ok("POST", "/v1/games", r.caller, `{"white":"`+r.white.id+`","black":"`+r.black.id+`","timeControl":`+blitzClock+`,"private":true}`).ID
}

// To a client that is neither a player of the game nor a service, a private game looks
// like one that does not exist.
func TestPrivateGameIsVisibleToItsPlayersOnly(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newPrivate()
	r.ok("POST", "/v1/games/"+id+"/moves", r.white.token, moveBody("e2e4"))
	stranger := r.person("Stranger")
	for _, c := range []struct {
		name, token string
		sees        bool
	}{
		{"no token", "", false}, {"a stranger", stranger.token, false},
		{"white", r.white.token, true}, {"black", r.black.token, true}, {"a service", r.caller, true},
	} {
		for path, good := range map[string]int{"": 200, "/events": 200, "/events?from_seq=2": 200, "/socket": 101} {
			want := 404
			if c.sees {
				want = good
			}
			start := time.Now()
			if got := r.head("/v1/games/"+id+path, c.token); got != want {
				t.Errorf("%s %s: %d, not %d", c.name, path, got, want)
			}
			// The service waits for a missing game, so it must also wait for a hidden one.
			if took := time.Since(start); !c.sees && took < held.FindTimeout {
				t.Errorf("%s %s: distinguishable from a missing game after %s", c.name, path, took)
			}
		}
		for _, query := range []string{"ids=" + id, "player=" + r.white.id} {
			if got := r.listedTo(c.token, query); slices.Contains(got, id) != c.sees {
				t.Errorf("%s, %s: %v", c.name, query, got)
			}
		}
	}
	r.refused(404, schemas.CodeGameNotFound, "POST", "/v1/games/"+id+"/moves", stranger.token, moveBody("e7e5"))
	if shown, n := r.onTV(); n != 0 {
		t.Errorf("TV shows %s", shown)
	}
	open, _ := r.blitzOf(1000, 1000)
	if shown, _ := r.startOther().onTV(); shown != open {
		t.Errorf("TV of a new instance shows %s", shown)
	}
}

// head returns the status of a GET, whose response may be a stream or a socket.
func (i *instance) head(path, token string) int {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(i.t.Context(), limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", i.server.URL+path, nil)
	if err != nil {
		i.t.Fatal(err)
	}
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg=="} {
		req.Header.Set(name, value)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		i.t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}
