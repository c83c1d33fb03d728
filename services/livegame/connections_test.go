package livegame_test

import (
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/schemas"
	"tabiya/services/livegame"
)

// statusReplaced closes a player's connection for a newer one, as in package wsconn.
const statusReplaced = 4010

func TestPlayerTakesThePlaceOfTheNewestWatcher(t *testing.T) {
	t.Parallel()
	r := newRig(t, maxConnections(4), func(c *livegame.Config) { c.MaxPerAddress = 4 })
	id := r.newGame()
	first := r.dial(id, "")
	r.dial(id, "")
	stream := r.openStream("/v1/games/"+id+"/events", "*/*")
	a := r.refused(503, schemas.CodeTooManyConnections, "GET", "/v1/games/"+id+"/events", "", "")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	stranger := r.person("Stranger")
	r.refused(503, schemas.CodeTooManyConnections, "GET", "/v1/games/"+id+"/events", stranger.token, "")
	r.dialAs(id, r.white).until("state") // one connection is reserved for players
	r.dialAs(id, r.black).until("state")
	if got := lines(t, stream.Body); len(got) != 2 { // the newest watcher's
		t.Errorf("the stream ended with %v", got)
	}
	r.refused(503, schemas.CodeTooManyConnections, "GET", "/v1/tv/rapid/events", "", "")
	first.send(`{"type":"ping"}`) // those who came first stay
	first.until("state")
	first.until("pong")
}

func TestConnectionsOfWatchersAreBoundedByPlayerAndByAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *livegame.Config) { c.MaxPerPlayer, c.MaxPerAddress = 2, 4 })
	id := r.newGame()
	path := "/v1/games/" + id + "/events"
	stranger := r.person("Stranger")
	first := r.openStream(path, "*/*", "Authorization", "Bearer "+stranger.token)
	r.dialAs(id, stranger)
	r.refused(429, schemas.CodeRateLimited, "GET", path, stranger.token, "")
	// The same player over a socket, with the token in the query.
	if _, resp, err := r.tryDial(id, "?access_token="+stranger.token, nil); err == nil || resp.StatusCode != 429 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("a third: %v %v", err, resp)
	}
	r.dial(id, "")
	r.dial(id, "")
	r.refused(429, schemas.CodeRateLimited, "GET", path, "", "")
	for _, who := range []person{r.white, r.black} { // players are not counted
		r.dialAs(id, who).until("state")
	}
	first.Body.Close()
	eventually.True(t, "a connection is free again", func() bool {
		c, _, err := r.tryDial(id, "", nil)
		if err == nil {
			_ = c.conn.CloseNow()
		}
		return err == nil
	})
}

func TestPlayersFourthConnectionEndsTheirOldest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newBlitz()
	oldest := r.dialAs(id, r.white)
	oldest.until("state")
	stream := r.openStream("/v1/games/"+id+"/events", "*/*", "Authorization", "Bearer "+r.white.token)
	r.dialAs(id, r.white).until("state")
	r.dialAs(id, r.white).until("state")
	if code := oldest.closed(); code != statusReplaced {
		t.Errorf("closed with %v", code)
	}
	r.dialAs(id, r.white).until("state")
	if got := lines(t, stream.Body); len(got) != 4 {
		t.Errorf("the stream ended with %v", got)
	}
	<-time.After(whileGone)
	if n := r.marks(id); n != 0 {
		t.Errorf("a player with three connections was marked as gone: %d commands", n)
	}
}

// A player whose attempts to come back we refuse does not count as gone.
func TestRefusedAttemptToComeBackCountsAsPresence(t *testing.T) {
	t.Parallel()
	r := newRig(t, messageRate(1))
	id := r.newBlitz()
	for refused := false; !refused; {
		c, resp, err := r.tryDial(id, "", nil, "Authorization", "Bearer "+r.white.token)
		switch refused = err != nil; {
		case !refused:
			_ = c.conn.CloseNow()
		case resp == nil || resp.StatusCode != 429:
			t.Fatal(resp, err)
		}
	}
	<-time.After(whileGone)
	if got := r.recordedPresence(id); len(got) != 0 {
		t.Errorf("recorded %v", got)
	}
}
