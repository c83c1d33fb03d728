package livegame_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"tabiya/schemas"
)

// fleet is the instances that serve at the moment.
type fleet struct {
	mu   sync.Mutex
	urls []string
}

func (f *fleet) any() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.urls[rand.IntN(len(f.urls))]
}

func (f *fleet) set(instances []*instance) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.urls = nil
	for _, i := range instances {
		f.urls = append(f.urls, i.server.URL)
	}
}

// reader joins one game's events over many connections, each of which is cut
// after an event or two.
type reader struct {
	fleet  *fleet
	gameID string
	token  string
	cuts   int // still to come
	joined []string
	over   bool
	conn   *websocket.Conn // while it is on a socket
}

// errCut ends a connection that the reader cuts itself.
var errCut = errors.New("cut")

// follow reads until the game is over. hear gets each frame that is no event, and
// every event once it is joined.
func (r *reader) follow(ctx context.Context, hear func(f frame) error) error {
	for !r.over {
		err := r.connection(ctx, hear)
		var wrong *wrongError
		if errors.As(err, &wrong) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d events so far: %w", len(r.joined), ctx.Err())
		case <-time.After(rand.N(100 * time.Millisecond)): // he needs a moment
		}
	}
	return nil
}

// wrongError is what no reconnection explains.
type wrongError struct{ what string }

func (e *wrongError) Error() string { return e.what }

// connection is one of them. Whoever plays is always on a socket.
func (r *reader) connection(ctx context.Context, hear func(f frame) error) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	life := 1 + rand.IntN(2)
	join := func(f frame) error {
		if f.Type == "event" {
			r.joined = append(r.joined, string(f.Event))
			r.over = ending.Match(f.Event)
			life--
		}
		if err := hear(f); err != nil {
			return err
		}
		if life <= 0 && r.cuts > 0 {
			r.cuts--
			return errCut
		}
		if r.over {
			return errCut
		}
		return nil
	}
	if r.token != "" || rand.IntN(2) == 0 {
		return r.socket(ctx, join)
	}
	return r.stream(ctx, join)
}

func (r *reader) socket(ctx context.Context, join func(f frame) error) error {
	url := fmt.Sprintf("%s/v1/games/%s/socket?from_seq=%d", strings.Replace(r.fleet.any(), "http", "ws", 1), r.gameID, len(r.joined)+1)
	options := &websocket.DialOptions{}
	if r.token != "" {
		options.HTTPHeader = http.Header{"Authorization": {"Bearer " + r.token}}
	}
	conn, _, err := websocket.Dial(ctx, url, options)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	conn.SetReadLimit(1 << 20)
	r.conn = conn
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var f frame
		if err := json.Unmarshal(text, &f); err != nil {
			return &wrongError{string(text)}
		}
		if err := join(f); err != nil {
			return err
		}
	}
}

// stream is NDJSON from from_seq, or server-sent events after Last-Event-ID.
func (r *reader) stream(ctx context.Context, join func(f frame) error) error {
	req, err := http.NewRequestWithContext(ctx, "GET", r.fleet.any()+"/v1/games/"+r.gameID+"/events", nil)
	if err != nil {
		return err
	}
	if sse := rand.IntN(2) == 0; sse {
		req.Header.Set("Accept", "text/event-stream")
		req.Header.Set("Last-Event-ID", fmt.Sprint(len(r.joined)))
	} else {
		req.URL.RawQuery = fmt.Sprintf("from_seq=%d", len(r.joined)+1)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	scan := bufio.NewScanner(resp.Body)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		text := strings.TrimPrefix(scan.Text(), "data: ")
		if !strings.HasPrefix(text, `{"eventId"`) {
			continue
		}
		if err := join(frame{Type: "event", Event: json.RawMessage(text)}); err != nil {
			return err
		}
	}
	return scan.Err()
}

// mover is a player who plays his moves of a game, each with its ply as its id,
// again and again until he sees it played.
type mover struct {
	reader
	side  int // 0: white
	moves []string
}

// hear moves when it is the player's turn: when he has come (back), after the
// opponent's move, and after a refusal that says nothing about the move.
func (m *mover) hear(ctx context.Context, f frame) error {
	switch {
	case f.Type == "refused" && f.Code != schemas.CodeOutcomeUnknown && f.Code != schemas.CodeUnavailable:
		return &wrongError{fmt.Sprintf("%s: %s %s", f.ClientMoveID, f.Code, f.Detail)}
	case f.Type == "refused":
		<-time.After(50 * time.Millisecond)
	case f.Type == "error":
		return &wrongError{fmt.Sprintf("%s %s", f.Code, f.Detail)}
	case f.Type != "state" && f.Type != "event":
		return nil
	}
	// After the state come the events from the last one on: he moves by what he
	// has joined, and what he says too early has the id of what he said before.
	ply := 0
	for _, ev := range m.joined { // among which he may be told gone and back
		if strings.Contains(ev, `"MoveMade"`) {
			ply++
		}
	}
	if len(m.joined) < 2 || m.over || ply%2 != m.side {
		return nil
	}
	text := fmt.Sprintf(`{"type":"move","uci":%q,"ply":%d,"clientMoveId":"%d"}`, at(m.moves, ply), ply+1, ply)
	if ply >= len(m.moves) {
		text = `{"type":"resign","clientMoveId":"end"}`
	}
	if err := m.conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		return err
	}
	if m.cuts > 0 && rand.IntN(4) == 0 { // before the answer comes
		m.cuts--
		return errCut
	}
	return nil
}

func at(moves []string, ply int) string {
	if ply < len(moves) {
		return moves[ply]
	}
	return ""
}
