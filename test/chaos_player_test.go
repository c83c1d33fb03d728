package test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"tabiya/internal/client"
	"tabiya/schemas"
	"tabiya/test/check"
)

// requestPlayer plays a game by requests to the gateway, and learns of the opponent's
// moves as a follower. Now and then it gives a request up before the answer, which it
// then does not know, and sends the move as a new command.
type requestPlayer struct {
	follower
	ctx     context.Context
	session *session
	client  *client.Client
	player  client.Player
	side    int // 0 for White, 1 for Black
	plies   int // whose events it has read
	tried   int // commands sent
	done    int // plies that it knows to be played
	answers []check.Answer
}

func newRequestPlayer(ctx context.Context, r *session, c *client.Client, gameID string, p client.Player, side int) *requestPlayer {
	m := &requestPlayer{ctx: ctx, session: r, client: c, player: p, side: side}
	m.follower = follower{instances: r.instances, gameID: gameID, handle: m.handle}
	return m
}

func (m *requestPlayer) handle(f frame) error {
	if f.Type == "event" && strings.Contains(string(f.Event), `"eventType":"MoveMade"`) {
		m.plies++
	}
	if m.over || m.plies%2 != m.side || m.plies < m.done || len(m.joined) < 2 {
		return nil
	}
	m.session.pause()
	if m.session.mayEnd(m.plies) {
		return m.resign()
	}
	return m.move()
}

// giveUp is how many of a player's moves are sent and not waited for: one in so many.
const giveUp = 12

func (m *requestPlayer) move() error {
	ply, uci := m.plies+1, m.session.moves[m.plies]
	for {
		m.tried++
		key, ctx, cancel := fmt.Sprint(m.gameID, "-", m.tried), m.ctx, func() {}
		hurried := rand.IntN(giveUp) == 0
		if hurried {
			ctx, cancel = context.WithTimeout(ctx, rand.N(20*time.Millisecond))
		}
		began := time.Now()
		_, err := m.client.Move(ctx, m.player, m.gameID, key, uci, ply)
		cancel()
		if client.CodeOf(err) == schemas.CodeGameNotFound { // an instance that has just been resumed
			time.Sleep(100 * time.Millisecond)
			continue
		}
		outcome, err := outcomeOf(err)
		m.answers = append(m.answers, m.answer(key, schemas.MoveMade, uci, outcome))
		switch {
		case err != nil:
			return err
		case outcome == check.Accepted:
			m.done = ply
			m.session.accepted(m.gameID, time.Since(began))
			return nil
		case outcome == check.Refused: // the command before was accepted, or the game is over
			m.done = ply
			return nil
		case !hurried:
			return nil
		}
	}
}

func (m *requestPlayer) resign() error {
	m.done = m.plies + 1
	_, err := m.client.Resign(m.ctx, m.player, m.gameID, m.gameID+"-end")
	outcome, err := outcomeOf(err)
	m.answers = append(m.answers, m.answer(m.gameID+"-end", schemas.GameResigned, "", outcome))
	return err
}

func (m *requestPlayer) answer(key string, kind schemas.EventType, uci string, outcome check.Outcome) check.Answer {
	id := schemas.GameCommandID(m.gameID, schemas.CommandID(m.player.ID, key))
	return check.Answer{CommandID: id, GameID: m.gameID, Type: kind, UCI: uci, Outcome: outcome}
}

// outcomeOf returns what an error of the client says about the command. It returns an
// error if the server answered what it must not.
func outcomeOf(err error) (check.Outcome, error) {
	no, told := errors.AsType[*client.Problem](err)
	switch {
	case err == nil:
		return check.Accepted, nil
	case !told || no.Status == 429 || no.Status == 502 || no.Status == 503 || no.Status == 504:
		return check.Unknown, nil
	case no.Status >= 500 || no.Status == 400 || no.Status == 401 || no.Status == 403 || no.Code == schemas.CodeIllegalMove:
		return check.Unknown, wrong("a move was answered with %v", err)
	}
	return check.Refused, nil
}

// results returns what the player was told.
func (m *requestPlayer) results() []check.Answer { return m.answers }

// results returns what the player was told.
func (m *socketPlayer) results() (answers []check.Answer) {
	for id, text := range m.sent {
		a := check.Answer{
			CommandID: schemas.GameCommandID(m.gameID, schemas.CommandID(m.player.ID, id)), GameID: m.gameID,
			Type: schemas.MoveMade, Outcome: check.Unknown,
		}
		if _, rest, ok := strings.Cut(text, `"uci":"`); ok {
			a.UCI, _, _ = strings.Cut(rest, `"`)
		} else {
			a.Type = schemas.GameResigned
		}
		if seq, ok := m.acked[id]; ok {
			a.Outcome, a.Seq = check.Accepted, seq
		} else if m.refused[id] != "" {
			a.Outcome = check.Refused
		}
		answers = append(answers, a)
	}
	return answers
}
