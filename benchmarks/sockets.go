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

// overSockets is a lane as overHTTP, with both players on a WebSocket of their own.
func overSockets(p *poller, base string, next func() (*game, error)) func() (bool, error) {
	var now *sockets
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

// sockets are both players' connections to one game.
type sockets struct {
	g      *game
	conn   [2]*rawSocket
	ply    int
	answer chan frame // to the last move
	late   *time.Timer
	failed <-chan struct{}
}

func dialGame(p *poller, base string, g *game) (*sockets, error) {
	s := &sockets{g: g, answer: make(chan frame, 1), late: time.NewTimer(patience), failed: p.failed}
	for side, who := range []player{g.white, g.black} {
		conn, err := p.dial(socketURL(base, g), who.token, s.hear)
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

func (s *sockets) close() {
	s.late.Stop()
	for _, c := range s.conn {
		c.close()
	}
}

// How frames begin. Events are not parsed beyond: the generator shares the cores
// with what it measures.
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

// hear takes the players' frames.
func (s *sockets) hear(text []byte) error {
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
			return fmt.Errorf("game %s: a second answer: %s", s.g.id, text)
		}
	}
	return nil
}

// step plays the next ply and waits for its acknowledgement.
func (s *sockets) step() error {
	id := strconv.Itoa(s.ply + 1)
	s.late.Reset(patience)
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
	case <-s.failed:
		return errors.New("the sockets are not read any more")
	case <-s.late.C:
		return fmt.Errorf("ply %s of %s has no answer", id, s.g.id)
	}
}
