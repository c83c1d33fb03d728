package livegame_test

import (
	"bufio"
	"slices"
	"strings"
	"testing"
)

func TestSpectatorsAreCountedAndSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	path := "/v1/games/" + id
	count := func() int { return *r.ok("GET", path, "", "").Watchers }
	if n := count(); n != 0 {
		t.Errorf("%d at first", n)
	}
	player := r.dialAs(id, r.white)
	state, _ := player.until("state")
	if n := *state.Game.Watchers; n != 0 || count() != 0 {
		t.Errorf("a player counts as a spectator: %d, %d", n, count())
	}
	own := r.openStream(path+"/events", "text/event-stream", "Authorization", "Bearer "+r.black.token)
	sockets := []*client{r.dial(id, ""), r.dialAs(id, r.person("Stranger"))}
	for _, c := range sockets {
		c.until("state")
	}
	quiet := r.openStream(path+"/events", "application/x-ndjson")
	if n := count(); n != 3 {
		t.Errorf("%d, not 3", n)
	}
	// Watchers get the count at most once a second, so not every number.
	for f, _ := player.until("watchers"); f.Count != 3; f, _ = player.until("watchers") {
	}
	stream := bufio.NewScanner(own.Body)
	for stream.Scan() && stream.Text() != `data: {"type":"watchers","count":3}` {
	}
	for _, c := range sockets {
		_ = c.conn.CloseNow()
	}
	for f, _ := player.until("watchers"); f.Count != 1; f, _ = player.until("watchers") {
	}
	if got := r.listed("ids=" + id); !slices.Equal(got, []string{id}) || count() != 1 {
		t.Errorf("%v, %d", got, count())
	}
	r.ok("POST", path+"/abort", r.white.token, "")
	for _, text := range lines(t, quiet.Body) {
		if strings.Contains(text, "watchers") {
			t.Errorf("an NDJSON stream has a line that is not an event: %s", text)
		}
	}
}
