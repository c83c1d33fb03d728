package livegame_test

import (
	"net/http"
	"testing"

	"tabiya/internal/httpx"
	"tabiya/schemas"
	"tabiya/services/livegame"
)

func TestSocketIsRefusedToPagesOfOtherOrigins(t *testing.T) {
	t.Parallel()
	origins, err := httpx.ParseOrigins([]string{"https://chess.example"})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(c *livegame.Config) { c.Origins = origins })
	id := r.newGame()
	for origin, status := range map[string]int{
		"":                      http.StatusSwitchingProtocols,
		"https://chess.example": http.StatusSwitchingProtocols,
		r.server.URL:            http.StatusSwitchingProtocols,
		"https://evil.example":  http.StatusForbidden,
		"null":                  http.StatusForbidden,
	} {
		headers := []string{"Authorization", "Bearer " + r.white.token}
		if origin != "" {
			headers = append(headers, "Origin", origin)
		}
		if _, answer, err := r.tryDial(id, "", nil, headers...); answer == nil || answer.StatusCode != status {
			t.Errorf("origin %q: %+v, %v, want %d", origin, answer, err, status)
		}
	}
}

func TestSocketTakesTheSessionCookieOfTheOwnPageOnly(t *testing.T) {
	t.Parallel()
	origins, err := httpx.ParseOrigins([]string{"*"})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(c *livegame.Config) { c.Origins = origins })
	id := r.newGame()
	for origin, plays := range map[string]bool{r.server.URL: true, "http://127.0.0.1:1": false} {
		s := r.dial(id, "", "Cookie", "tabiya_session="+r.white.token, "Origin", origin)
		s.until("state")
		s.send(`{"type":"draw","action":"decline","clientMoveId":"` + origin + `"}`)
		f, _ := s.until("refused")
		if want := map[bool]schemas.Code{true: schemas.CodeNoDrawOffer, false: schemas.CodeUnauthenticated}[plays]; f.Code != want {
			t.Errorf("page of %s: %+v, want %s", origin, f, want)
		}
	}
}
