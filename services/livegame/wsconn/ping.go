package wsconn

import (
	"context"
	"errors"
	"time"
)

// A player's round trip is measured all the time, because what the network takes of
// their clock is given back. A watcher is pinged only if they are silent.
const (
	playerPingEvery  = 5 * time.Second
	watcherPingEvery = 20 * time.Second
	// maxSilence is how long a client may leave a ping unanswered and send nothing.
	maxSilence = 20 * time.Second
)

var errSilent = errors.New("the client says nothing")

// startPings begins to ping; Stop ends it.
func (c *Conn) startPings() {
	if c.player {
		_ = c.ping(time.Now()) // so that the first moves have a measure; an error will come again
	}
	c.pingTimer = time.AfterFunc(time.Hour, c.onPingTimer)
	c.pingTimer.Reset(c.pingEvery()) // on its own: onPingTimer reads c.pingTimer
}

func (c *Conn) pingEvery() time.Duration {
	if c.player {
		return playerPingEvery
	}
	return watcherPingEvery
}

// onPingTimer pings if it is time to, and closes a connection that is silent.
func (c *Conn) onPingTimer() {
	switch err := c.ping(time.Now()); {
	case errors.Is(err, errSilent):
		_ = c.ws.Close(statusSilent, err.Error())
	case err != nil:
		_ = c.ws.CloseNow()
	default:
		c.pingTimer.Reset(c.pingEvery())
	}
}

func (c *Conn) ping(now time.Time) error {
	heard := c.heard.Swap(false)
	switch waits := c.lag.unanswered(now); {
	case waits >= maxSilence && !heard:
		return errSilent
	case waits > 0 || (heard && !c.player):
		return nil
	}
	payload := c.lag.ping(now)
	return c.transport.ping(payload[:])
}

// onPong and onPing are called by the reader, within Read.
func (c *Conn) onPong(_ context.Context, payload []byte) {
	c.heard.Store(true)
	c.lag.pong(payload, time.Now())
}

// onPing reports whether to answer a ping: it counts as a frame.
func (c *Conn) onPing(context.Context, []byte) bool {
	c.heard.Store(true)
	return c.rate.Allow()
}
