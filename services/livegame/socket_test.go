package livegame_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"tabiya/schemas"
	"tabiya/services/openapi/openapitest"
)

// frame is any frame from the server.
type frame struct {
	Type         string          `json:"type"`
	ClientMoveID string          `json:"clientMoveId"`
	Seq          int64           `json:"seq"`
	Code         schemas.Code    `json:"code"`
	Detail       string          `json:"detail"`
	Event        json.RawMessage `json:"event"`
	Game         reply           `json:"game"`
	Count        int             `json:"count"`
	LagCs        *int64          `json:"lagCs"`
	Running      bool            `json:"running"`
	RunsAt       schemas.Time    `json:"runsAt"`
	DeadlineAt   schemas.Time    `json:"deadlineAt"`
}

// client is a client with a socket.
type client struct {
	t    testing.TB
	conn *websocket.Conn
	ctx  context.Context
}

func (i *instance) dial(gameID, query string, headers ...string) *client {
	i.t.Helper()
	c, _, err := i.tryDial(gameID, query, nil, headers...)
	if err != nil {
		i.t.Fatal(err)
	}
	return c
}

func (i *instance) tryDial(gameID, query string, protocols []string, headers ...string) (*client, *http.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	i.t.Cleanup(cancel)
	h := http.Header{}
	for n := 0; n < len(headers); n += 2 {
		h.Set(headers[n], headers[n+1])
	}
	url := strings.Replace(i.server.URL, "http", "ws", 1) + "/v1/games/" + gameID + "/socket" + query
	conn, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPHeader: h, Subprotocols: protocols})
	if err != nil {
		return nil, resp, err
	}
	conn.SetReadLimit(1 << 20)
	i.t.Cleanup(func() { _ = conn.CloseNow() })
	return &client{i.t, conn, ctx}, resp, nil
}

func (i *instance) dialAs(gameID string, who person) *client {
	i.t.Helper()
	return i.dial(gameID, "", "Authorization", "Bearer "+who.token)
}

func (c *client) send(text string) {
	c.t.Helper()
	if err := c.conn.Write(c.ctx, websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) next() frame {
	c.t.Helper()
	_, text, err := c.conn.Read(c.ctx)
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	openapitest.ValidateAs(c.t, "ServerFrame", text)
	var f frame
	if err := json.Unmarshal(text, &f); err != nil {
		c.t.Fatalf("%s: %v", text, err)
	}
	return f
}

// until reads frames up to one of a type, and returns the events before it.
func (c *client) until(kind string) (f frame, events []string) {
	c.t.Helper()
	for {
		if f = c.next(); f.Type == kind {
			return f, events
		}
		if f.Type == "watchers" || f.Type == "clocks" {
			continue // these come at any time
		}
		if f.Type != "event" {
			c.t.Fatalf("%+v, not %s", f, kind)
		}
		events = append(events, string(f.Event))
	}
}

// events reads n events.
func (c *client) events(n int) (events []string) {
	c.t.Helper()
	for range n {
		f, _ := c.until("event")
		events = append(events, string(f.Event))
	}
	return events
}

// closed reads until the server closes the socket, and returns the close code.
func (c *client) closed() websocket.StatusCode {
	c.t.Helper()
	for {
		if _, _, err := c.conn.Read(c.ctx); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

func TestWholeGameOverSockets(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	watcher := r.dial(id, "?from_seq=1")
	sides := []*client{r.dialAs(id, r.white), r.dial(id, "?access_token="+r.black.token)}
	for _, c := range append(sides, watcher) {
		if f, _ := c.until("state"); f.Game.ID != id || f.Game.Seq != 2 {
			t.Fatalf("%+v", f)
		}
	}
	for n, uci := range scholar {
		mover := sides[n%2]
		mover.send(fmt.Sprintf(`{"type":"move","uci":%q,"ply":%d,"clientMoveId":"m%d"}`, uci, n+1, n))
		ack, own := mover.until("ack")
		if ack.ClientMoveID != fmt.Sprintf("m%d", n) || ack.Seq != int64(n+3) || len(own) < 1 {
			t.Fatalf("ply %d: %+v after %d events", n+1, ack, len(own))
		}
		if n < len(scholar)-1 {
			sides[1-n%2].events(1)
		}
	}
	log := r.log(id)
	if got := watcher.events(len(log)); !slices.Equal(got, log) {
		t.Errorf("the watcher saw\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(log, "\n"))
	}
	if got := r.dial(id, "?from_seq=4"); true {
		got.until("state")
		if events := got.events(len(log) - 3); !slices.Equal(events, log[3:]) {
			t.Errorf("from_seq=4: %s", strings.Join(events, "\n"))
		}
	}
	sides[1].send(`{"type":"move","uci":"e8f7","clientMoveId":"late"}`)
	if f, _ := sides[1].until("refused"); f.Code != schemas.CodeGameOver || f.ClientMoveID != "late" {
		t.Errorf("%+v", f)
	}
}

func TestEachClientMoveIDIsAcknowledgedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.newGame()
	c := r.dialAs(id, r.white)
	c.until("state")
	move := `{"type":"move","uci":"e2e4","clientMoveId":"a \"quoted\" id"}`
	c.send(strings.ReplaceAll(move, " ", "-"))
	c.send(strings.ReplaceAll(move, " ", "-"))
	c.send(`{"type":"move","uci":"d2d4","clientMoveId":"a-\"quoted\"-id"}`)
	c.send(`{"type":"ping"}`)
	var kinds []string
	for len(kinds) < 4 {
		f := c.next()
		if f.Type == "watchers" {
			continue
		}
		if f.ClientMoveID != "" && f.ClientMoveID != `a-"quoted"-id` {
			t.Errorf("%+v", f)
		}
		if f.Type == "error" && f.Code != schemas.CodeKeyReused {
			t.Errorf("%+v", f)
		}
		kinds = append(kinds, f.Type)
	}
	c.send(strings.ReplaceAll(move, " ", "-")) // a repeat after the ack gets no answer
	c.send(`{"type":"ping"}`)
	kinds = append(kinds, c.next().Type)
	slices.Sort(kinds)
	if want := []string{"ack", "error", "event", "pong", "pong"}; !slices.Equal(kinds, want) {
		t.Errorf("%v, want %v", kinds, want)
	}
	// Another connection gets the same answer to the same id.
	again := r.dialAs(id, r.white)
	again.until("state")
	again.send(strings.ReplaceAll(move, " ", "-"))
	if f, events := again.until("ack"); f.Seq != 3 || len(events) > 0 {
		t.Errorf("%+v %v", f, events)
	}
	if log := r.log(id); len(log) != 3 {
		t.Errorf("%d events", len(log))
	}
}
