package test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tabiya/internal/client"
	"tabiya/schemas"
)

// socketPlayer plays a game over WebSockets. Each frame has an id. It sends an unanswered
// frame again on every new connection and sends nothing else before the answer. Now and
// then it moves out of turn. Whether such a move is refused or accepted depends on timing;
// the log must agree with the answer.
type socketPlayer struct {
	follower
	session *session
	player  client.Player
	side    int                     // 0 for White, 1 for Black
	plies   int                     // whose events it has read
	sent    map[string]string       // frames by id, whatever became of them
	sentAt  map[string]time.Time    // by frame id
	acked   map[string]int64        // seq by frame id
	refused map[string]schemas.Code // code by frame id
	repeats int
}

func newSocketPlayer(r *session, gameID string, p client.Player, side int) *socketPlayer {
	m := &socketPlayer{session: r, player: p, side: side, sent: map[string]string{}, sentAt: map[string]time.Time{}, acked: map[string]int64{}, refused: map[string]schemas.Code{}}
	m.follower = follower{instances: r.instances, gameID: gameID, token: p.Token, handle: m.handle, open: map[string]string{}}
	return m
}

func (m *socketPlayer) handle(f frame) error {
	switch f.Type {
	case "state":
		return m.resume()
	case "event":
		if strings.Contains(string(f.Event), `"eventType":"MoveMade"`) {
			m.plies++
		}
		return m.play()
	case "ack", "refused":
		return m.answered(f)
	case "error":
		return wrong("%s %s", f.Code, f.Detail)
	}
	return nil
}

// resume sends the unanswered frame again and continues the game.
func (m *socketPlayer) resume() error {
	for _, text := range m.open {
		m.repeats++
		if err := m.send(text); err != nil {
			return err
		}
	}
	return m.play()
}

// play moves by the events it has read, which may be old ones after a reconnect.
func (m *socketPlayer) play() error {
	switch mine := m.plies%2 == m.side; {
	case m.over || len(m.joined) < 2 || len(m.open) > 0: // over, not started, or waiting for an answer
		return nil
	case mine && m.session.mayEnd(m.plies):
		m.session.pause()
		return m.sendOnce("end", `{"type":"resign","clientMoveId":"end"}`)
	case mine:
		m.session.pause()
		return m.move("", m.plies)
	case rand.IntN(4) == 0:
		return m.move("early-", m.plies+1)
	}
	return nil
}

func (m *socketPlayer) move(prefix string, ply int) error {
	id := fmt.Sprint(prefix, ply)
	return m.sendOnce(id, fmt.Sprintf(`{"type":"move","uci":%q,"ply":%d,"clientMoveId":%q}`, m.session.moves[ply], ply+1, id))
}

// sendOnce sends a frame once. Sometimes it cuts the connection before the answer can come.
func (m *socketPlayer) sendOnce(id, text string) error {
	if m.sent[id] != "" {
		return nil
	}
	m.sent[id], m.open[id], m.sentAt[id] = text, text, time.Now()
	if err := m.send(text); err != nil {
		return err
	}
	if rand.IntN(4) == 0 {
		return errCut
	}
	return nil
}

func (m *socketPlayer) send(text string) error {
	return m.conn.Write(context.Background(), websocket.MessageText, []byte(text))
}

// expectedRefusals are the refusals of a move that came too early or too late, and that of
// a move which was refused before a kill.
var expectedRefusals = []schemas.Code{schemas.CodeNotYourTurn, schemas.CodeWrongPly, schemas.CodeGameOver, schemas.CodeNotAccepted}

func (m *socketPlayer) answered(f frame) error {
	_, unanswered := m.open[f.ClientMoveID]
	switch {
	case f.Code == schemas.CodeOutcomeUnknown || f.Code == schemas.CodeUnavailable:
		return errUnsure // sends the frame again on another connection
	case !unanswered:
		return wrong("unexpected answer to %q: %s %s", f.ClientMoveID, f.Type, f.Code)
	case f.Type == "ack":
		m.acked[f.ClientMoveID] = f.Seq
		m.session.accepted(m.gameID, time.Since(m.sentAt[f.ClientMoveID]))
	case slices.Contains(expectedRefusals, f.Code):
		m.refused[f.ClientMoveID] = f.Code
	default:
		return wrong("%q was refused: %s %s", f.ClientMoveID, f.Code, f.Detail)
	}
	delete(m.open, f.ClientMoveID)
	return m.play()
}

// check verifies that each acknowledged frame caused one event with that seq, and that no
// refused frame caused one.
func (m *socketPlayer) check(t testing.TB, caused map[string][]record) {
	t.Helper()
	for id, seq := range m.acked {
		did := caused[schemas.GameCommandID(m.gameID, schemas.CommandID(m.player.ID, id))]
		// What an outage took precedes the event that was acknowledged.
		did = slices.DeleteFunc(slices.Clone(did), func(r record) bool { return r.Type == schemas.TimeRestored })
		if len(did) != 1 || did[0].Seq != seq || did[0].Key != m.gameID {
			t.Errorf("%q in %s was acknowledged with seq %d, but the log has %v", id, m.gameID, seq, did)
		}
	}
	for id, code := range m.refused {
		if did := caused[schemas.GameCommandID(m.gameID, schemas.CommandID(m.player.ID, id))]; len(did) != 0 {
			t.Errorf("%q in %s was refused (%s), but the log has %v", id, m.gameID, code, did)
		}
	}
}
