package livegame_test

import (
	"net/http"
	"testing"

	"tabiya/internal/httpx"
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
