package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/coder/websocket"
)

// result is what a load has seen.
type result struct {
	done    int64
	took    time.Duration
	latency *hdrhistogram.Histogram // microseconds

	serverUs, clientUs float64 // processor time a step, where it was measured
}

func (r result) perSecond() float64 { return float64(r.done) / r.took.Seconds() }

func (r result) p99ms() float64 { return float64(r.latency.ValueAtQuantile(99)) / 1000 }

func (r result) p50ms() float64 { return float64(r.latency.ValueAtQuantile(50)) / 1000 }

func newHistogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60_000_000, 3) }

// drive runs one lane a session until the time is over or the lane is done: each
// step is one request that waits for its answer. With rate > 0 the lanes
// together start rate steps a second, and latency counts from when a step was
// due, so that a stall is seen by all the steps it delayed.
func drive(lanes []func() (bool, error), d time.Duration, rate float64) (result, error) {
	var wg sync.WaitGroup
	var total atomic.Int64
	errs := make(chan error, len(lanes))
	histograms := make([]*hdrhistogram.Histogram, len(lanes))
	start := time.Now()
	stop := start.Add(d)
	for i, step := range lanes {
		histograms[i] = newHistogram()
		wg.Go(func() {
			interval := time.Duration(0)
			due := time.Now()
			if rate > 0 {
				interval = time.Duration(float64(len(lanes)) / rate * float64(time.Second))
				due = start.Add(interval * time.Duration(i) / time.Duration(len(lanes)))
			}
			for {
				if rate > 0 {
					time.Sleep(time.Until(due))
				} else {
					due = time.Now()
				}
				if !time.Now().Before(stop) {
					return
				}
				more, err := step()
				if err != nil {
					errs <- err
					return
				}
				total.Add(1)
				_ = histograms[i].RecordValue(max(1, time.Since(due).Microseconds()))
				if !more {
					return
				}
				due = due.Add(interval)
			}
		})
	}
	wg.Wait()
	r := result{done: total.Load(), took: time.Since(start), latency: newHistogram()}
	for _, h := range histograms {
		r.latency.Merge(h)
	}
	select {
	case err := <-errs:
		return r, err
	default:
		return r, nil
	}
}

// overHTTP is a lane that plays one game after the other. next makes a game; it
// is called when the game is wanted, since one without a first move is aborted.
func overHTTP(a *api, next func() (*game, error)) func() (bool, error) {
	var g *game
	ply := 0
	return func() (bool, error) {
		if g == nil || ply == len(g.moves) {
			var err error
			if g, err = next(); err != nil {
				return false, err
			}
			ply = 0
		}
		if err := a.move(g, ply); err != nil {
			return false, fmt.Errorf("ply %d of %s: %w", ply+1, g.id, err)
		}
		ply++
		return true, nil
	}
}

// overSockets is the same with both players on a WebSocket of their own. done
// closes what is open.
func overSockets(ctx context.Context, base string, next func() (*game, error)) (step func() (bool, error), done func()) {
	var now *sockets
	done = func() {
		if now != nil {
			now.close()
		}
	}
	step = func() (bool, error) {
		if now == nil || now.ply == len(now.g.moves) {
			done()
			g, err := next()
			if err != nil {
				return false, err
			}
			if now, err = dialGame(ctx, base, g); err != nil {
				return false, err
			}
		}
		return true, now.step(ctx)
	}
	return step, done
}

// sockets are both players' connections to one game.
type sockets struct {
	g    *game
	conn [2]*websocket.Conn
	ply  int
}

func dialGame(ctx context.Context, base string, g *game) (*sockets, error) {
	s := &sockets{g: g}
	for side, p := range []player{g.white, g.black} {
		url := socketURL(base, g)
		conn, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + p.token}}})
		if err != nil {
			return nil, fmt.Errorf("dial %s: %w", url, err)
		}
		s.conn[side] = conn
	}
	return s, nil
}

func socketURL(base string, g *game) string {
	return strings.Replace(base, "http", "ws", 1) + "/v1/games/" + g.id + "/socket"
}

func (s *sockets) close() {
	for _, c := range s.conn {
		_ = c.Close(websocket.StatusNormalClosure, "")
	}
}

// eventStart is how an event's frame begins.
const eventStart = `{"type":"event"`

type frame struct {
	Type         string `json:"type"`
	ClientMoveID string `json:"clientMoveId"`
	Code         string `json:"code"`
	Detail       string `json:"detail"`
}

// step plays the next ply and waits for its acknowledgement. The opponent's
// frames are read when his turn comes: they wait in the connection.
func (s *sockets) step(ctx context.Context) error {
	conn := s.conn[s.ply%2]
	id := fmt.Sprintf("%d", s.ply+1)
	msg := fmt.Sprintf(`{"type":"move","uci":%q,"ply":%d,"clientMoveId":%q}`, s.g.moves[s.ply], s.ply+1, id)
	if err := conn.Write(ctx, websocket.MessageText, []byte(msg)); err != nil {
		return err
	}
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		// Events are not parsed beyond their first bytes: the generator shares the
		// cores with what it measures.
		if bytes.HasPrefix(text, []byte(eventStart)) {
			continue
		}
		var f frame
		if err := json.Unmarshal(text, &f); err != nil {
			return err
		}
		switch {
		case f.Type == "ack" && f.ClientMoveID == id:
			s.ply++
			return nil
		case f.Type == "refused" || f.Type == "error":
			return fmt.Errorf("ply %d of %s: %s %s", s.ply+1, s.g.id, f.Code, f.Detail)
		}
	}
}
