package livegame

import (
	"context"
	"time"

	"github.com/coder/websocket"

	"tabiya/internal/game"
)

const (
	// socketPingEvery is how often a client that says nothing is asked whether it lives.
	socketPingEvery   = 20 * time.Second
	socketPingTimeout = 10 * time.Second
)

// write sends the state, the past from from on, and then what comes, until the
// outbox ends or gone is closed.
func (k *socket) write(state *game.State, from int64, gone <-chan struct{}) {
	if err := k.past(state, from); err != nil {
		_ = k.conn.CloseNow() // the reader notices
		return
	}
	tick := time.NewTicker(socketPingEvery)
	defer tick.Stop()
	var items []item
	for {
		select {
		case <-gone:
			return
		case <-tick.C:
			if !k.heard.Swap(false) {
				go k.ping()
			}
			continue
		case <-k.box.ready:
		}
		var end ending
		items, end = k.box.take(items)
		if err := k.send(items); err != nil {
			_ = k.conn.CloseNow()
			return
		}
		if end != goesOn {
			_ = k.conn.Close(closeCode(end), end.String()) // an error: the client has gone
			return
		}
	}
}

// past sends the state and the events that it holds.
func (k *socket) past(state *game.State, from int64) error {
	batch, bytes := []item{stateFrame(state)}, 0
	for _, ev := range state.Events(from) {
		i := eventItem(ev.Seq, ev.Type.Terminal(), ev.Record().Value)
		batch, bytes = append(batch, i), bytes+len(i.frame)
		if bytes > pastBytes {
			if err := k.send(batch); err != nil {
				return err
			}
			batch, bytes = batch[:0], 0
		}
	}
	return k.send(batch)
}

// send writes the frames in one piece.
func (k *socket) send(items []item) error {
	if len(items) == 0 {
		return nil
	}
	return k.wire.send(items)
}

// ping closes the connection of a client that does not answer.
func (k *socket) ping() {
	ctx, cancel := context.WithTimeout(context.Background(), socketPingTimeout)
	defer cancel()
	if k.conn.Ping(ctx) != nil {
		_ = k.conn.CloseNow()
	}
}

func closeCode(end ending) websocket.StatusCode {
	switch end {
	case tooSlow:
		return statusTooSlow
	case goingAway:
		return websocket.StatusGoingAway
	case outOfStep:
		return websocket.StatusTryAgainLater
	default:
		return websocket.StatusNormalClosure
	}
}
