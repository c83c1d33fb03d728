package test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"tabiya/internal/client"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// mover is a player. Every frame has an id and is said again with it on each new
// connection until it is answered, and nothing else is said before. Now and then he moves before it is his turn;
// whether that is refused or comes just in time is for the log to say.
type mover struct {
	reader
	round   *round
	player  client.Player
	side    int // 0: white
	plies   int // that he has seen played
	said    map[string]bool
	acked   map[string]int64 // their seqs
	refused map[string]schemas.Code
	repeats int
}

func newMover(r *round, gameID string, p client.Player, side int) *mover {
	m := &mover{round: r, player: p, side: side, said: map[string]bool{}, acked: map[string]int64{}, refused: map[string]schemas.Code{}}
	m.reader = reader{fleet: r.fleet, gameID: gameID, token: p.Token, hear: m.hear, open: map[string]string{}}
	return m
}

func (m *mover) hear(f frame) error {
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

// resume says again what was not answered, and goes on.
func (m *mover) resume() error {
	for _, text := range m.open {
		m.repeats++
		if err := m.send(text); err != nil {
			return err
		}
	}
	return m.play()
}

// play moves by what he has joined, which after a cut may be the past.
func (m *mover) play() error {
	switch mine := m.plies%2 == m.side; {
	case m.over || len(m.joined) < 2 || len(m.open) > 0: // not created and started, or he waits
		return nil
	case mine && m.round.mayEnd(m.plies):
		return m.say("end", `{"type":"resign","clientMoveId":"end"}`)
	case mine:
		return m.move("", m.plies)
	case rand.IntN(4) == 0:
		return m.move("early-", m.plies+1)
	}
	return nil
}

func (m *mover) move(prefix string, ply int) error {
	id := fmt.Sprint(prefix, ply)
	return m.say(id, fmt.Sprintf(`{"type":"move","uci":%q,"ply":%d,"clientMoveId":%q}`, m.round.moves[ply], ply+1, id))
}

// say says something once, and at times cuts before the answer can come.
func (m *mover) say(id, text string) error {
	if m.said[id] {
		return nil
	}
	m.said[id], m.open[id] = true, text
	if err := m.send(text); err != nil {
		return err
	}
	if rand.IntN(4) == 0 {
		return errCut
	}
	return nil
}

func (m *mover) send(text string) error {
	return m.conn.Write(context.Background(), websocket.MessageText, []byte(text))
}

// honest are the refusals that a move before its time or after it gets, and one
// that was refused before a kill.
var honest = []schemas.Code{schemas.CodeNotYourTurn, schemas.CodeWrongPly, schemas.CodeGameOver, schemas.CodeNotAccepted}

func (m *mover) answered(f frame) error {
	_, asked := m.open[f.ClientMoveID]
	switch {
	case f.Code == schemas.CodeOutcomeUnknown || f.Code == schemas.CodeUnavailable:
		return errUnsure // he asks again on another connection
	case !asked:
		return wrong("%q is answered though nobody waits: %s %s", f.ClientMoveID, f.Type, f.Code)
	case f.Type == "ack":
		m.acked[f.ClientMoveID] = f.Seq
		m.round.progress()
	case slices.Contains(honest, f.Code):
		m.refused[f.ClientMoveID] = f.Code
	default:
		return wrong("%q is refused: %s %s", f.ClientMoveID, f.Code, f.Detail)
	}
	delete(m.open, f.ClientMoveID)
	return m.play()
}

// check: what was acked is in the log, once and at that seq; what was refused is not.
func (m *mover) check(t testing.TB, caused map[string][]record) {
	t.Helper()
	for id, seq := range m.acked {
		if did := caused[schemas.GameCommandID(m.gameID, schemas.CommandID(m.player.ID, id))]; len(did) != 1 || did[0].Seq != seq || did[0].Key != m.gameID {
			t.Errorf("%q in %s was acked with seq %d, and the log has %v", id, m.gameID, seq, did)
		}
	}
	for id, code := range m.refused {
		if did := caused[schemas.GameCommandID(m.gameID, schemas.CommandID(m.player.ID, id))]; len(did) != 0 {
			t.Errorf("%q in %s was refused (%s), and the log has %v", id, m.gameID, code, did)
		}
	}
}

// wander is a legal game without captures and checks that goes on for so many plies.
func wander(plies int) (moves []string) {
	chance := rand.New(rand.NewPCG(1, 2))
	for p, seen := rules.Start(), map[uint64]int{}; len(moves) < plies; {
		legal := p.LegalMoves()
		uci := legal[chance.IntN(len(legal))]
		next, san, err := p.Play(uci)
		if err != nil || next.Status() != rules.None || strings.ContainsAny(san, "x+") {
			continue
		}
		// Pawns are for when the fifty moves come near.
		if pawn := next.HalfmoveClock() == 0; pawn && p.HalfmoveClock() < 90 || seen[next.Key()] == 2 {
			continue
		}
		seen[next.Key()]++
		moves, p = append(moves, uci), next
	}
	return moves
}
