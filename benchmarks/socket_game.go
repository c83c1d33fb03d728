package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// socketWorker is like httpWorker, with both players on WebSockets of their own.
func socketWorker(p *poller, base string, next func() (*game, error)) step {
	var now *socketGame
	return func() (bool, error) {
		if now == nil || now.ply == len(now.g.moves) {
			if now != nil {
				now.close()
			}
			g, err := next()
			if err != nil {
				return false, err
			}
			if now, err = dialGame(p, base, g); err != nil {
				return false, err
			}
		}
		return true, now.step()
	}
}

// socketGame is a game with both players' connections.
type socketGame struct {
	g       *game
	conn    [2]*rawSocket
	ply     int
	answer  chan frame // to the last move
	timeout *time.Timer
	stopped <-chan struct{} // the poller's
}

func dialGame(p *poller, base string, g *game) (*socketGame, error) {
	s := &socketGame{g: g, answer: make(chan frame, 1), timeout: time.NewTimer(deliveryTimeout), stopped: p.stopped}
	for side, who := range []player{g.white, g.black} {
		conn, err := p.dial(socketURL(base, g), who.token, s.onText)
		if err != nil {
			return nil, err
		}
		s.conn[side] = conn
	}
	return s, nil
}

func socketURL(base string, g *game) string {
	return strings.Replace(base, "http", "ws", 1) + "/v1/games/" + g.id + "/socket"
}

func (s *socketGame) close() {
	s.timeout.Stop()
	for _, c := range s.conn {
		c.close()
	}
}

// Prefixes of frames. Events are not parsed beyond them, since the load generator
// shares the cores with the program.
const (
	eventStart = `{"type":"event"`
	ackStart   = `{"type":"ack","clientMoveId":"`
)

type frame struct {
	Type         string `json:"type"`
	ClientMoveID string `json:"clientMoveId"`
	Code         string `json:"code"`
	Detail       string `json:"detail"`
}

// onText handles a frame to one of the players.
func (s *socketGame) onText(text []byte) error {
	if bytes.HasPrefix(text, []byte(eventStart)) {
		return nil
	}
	var f frame
	if rest, ok := bytes.CutPrefix(text, []byte(ackStart)); ok {
		id, _, _ := bytes.Cut(rest, []byte(`"`))
		f = frame{Type: "ack", ClientMoveID: string(id)}
	} else if err := json.Unmarshal(text, &f); err != nil {
		return err
	}
	switch f.Type {
	case "ack", "refused", "error":
		select {
		case s.answer <- f:
		default:
			return fmt.Errorf("game %s: unexpected answer: %s", s.g.id, text)
		}
	}
	return nil
}

// step plays the next ply and waits for its acknowledgement.
func (s *socketGame) step() error {
	id := strconv.Itoa(s.ply + 1)
	s.timeout.Reset(deliveryTimeout)
	msg := fmt.Appendf(nil, `{"type":"move","uci":%q,"ply":%s,"clientMoveId":%q}`, s.g.moves[s.ply], id, id)
	if err := s.conn[s.ply%2].send(msg); err != nil {
		return err
	}
	select {
	case f := <-s.answer:
		if f.Type != "ack" || f.ClientMoveID != id {
			return fmt.Errorf("ply %s of %s: %+v", id, s.g.id, f)
		}
		s.ply++
		return nil
	case <-s.stopped:
		return errors.New("the poller has stopped")
	case <-s.timeout.C:
		return fmt.Errorf("ply %s of %s was not answered in time", id, s.g.id)
	}
}
