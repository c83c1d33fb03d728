package livegame_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tabiya/schemas"
	"tabiya/services/livegame/eventstream"
)

// closedBySessionEnd is the code with which a socket of an ended session is closed.
const closedBySessionEnd websocket.StatusCode = 4401

func TestSocketsAndStreamsOfAnEndedSessionAreClosed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	socket, opponent := r.dialAs(id, r.white), r.dialAs(id, r.black)
	socket.until("state")
	opponent.until("state")
	bearer := "Bearer " + r.white.token
	var streams []*http.Response
	for _, path := range []string{"/v1/games/" + id + "/events", "/v1/tv/classical/events"} {
		streams = append(streams, r.openStream(path, eventstream.NDJSON, "Authorization", bearer))
	}
	r.verifier.Sessions.Apply(r.white.id, &schemas.SessionsEndedPayload{NotBefore: schemas.TimeOf(time.Now()) + 1}, schemas.TimeOf(time.Now()))
	if code := socket.closed(); code != closedBySessionEnd {
		t.Errorf("the socket is closed with %d", code)
	}
	for _, stream := range streams {
		if _, err := io.Copy(io.Discard, stream.Body); err != nil { // until the server ends it
			t.Errorf("%s: %v", stream.Request.URL, err)
		}
	}
	r.refused(http.StatusUnauthorized, schemas.CodeSessionEnded, "POST", "/v1/games/"+id+"/moves", r.white.token, moveBody("e2e4"))
	if _, resp, err := r.tryDial(id, "?access_token="+r.white.token, nil); err == nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the ended session opens a socket: %v", err)
	}

	opponent.send(`{"type":"ping"}`) // their session goes on
	opponent.until("pong")
	var err error
	if r.white.token, _, err = r.signer.Player(r.white.id, time.Now().Add(time.Second), time.Hour); err != nil {
		t.Fatal(err)
	}
	r.play(id, 0, "e2e4")
	for { // after White has left and returned
		if f, _ := opponent.until("event"); strings.Contains(string(f.Event), "e2e4") {
			break
		}
	}
}
