package livegame

import (
	"errors"
	"time"

	"github.com/coder/websocket"

	"tabiya/internal/game"
)

// write sends the first frame, the past from from on, and then what comes, until
// the outbox ends or gone is closed.
func (k *socket) write(first item, state *game.State, from int64, gone <-chan struct{}) {
	if err := k.past(first, state, from); err != nil {
		_ = k.conn.CloseNow() // the reader notices
		return
	}
	every := watcherPingEvery
	if k.plays {
		every = playerPingEvery
		_ = k.beat(time.Now()) // so that the first moves have a measure; an error comes again
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var items []item
	for {
		select {
		case <-gone:
			return
		case now := <-tick.C:
			switch err := k.beat(now); {
			case errors.Is(err, errSilent):
				_ = k.conn.Close(statusSilent, err.Error())
				return
			case err != nil:
				_ = k.conn.CloseNow()
				return
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

// past sends the first frame and the events that the state holds.
func (k *socket) past(first item, state *game.State, from int64) error {
	batch, bytes := []item{first}, 0
	for _, ev := range state.Events(from) {
		i := eventItem(ev.Seq, ev.Record().Value)
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
