package wsconn

import (
	"context"
	"errors"
	"time"
)

// Players are pinged all the time, because the network delay is credited to their
// clock. A spectator is pinged only after a while without a frame.
const (
	playerPingEvery    = 5 * time.Second
	spectatorPingEvery = 20 * time.Second
	// maxSilence is how long a client may leave a ping unanswered and send nothing else.
	maxSilence = 20 * time.Second
)

var errSilent = errors.New("the client does not answer pings")

// startPings starts to ping the client; Stop ends that.
func (c *Conn) startPings() {
	if c.player {
		_ = c.ping(time.Now()) // gives the first moves a round trip; the timer meets an error again
	}
	c.pingTimer = time.AfterFunc(time.Hour, c.onPingTimer)
	c.pingTimer.Reset(c.pingEvery()) // not in AfterFunc: onPingTimer must see c.pingTimer
}

func (c *Conn) pingEvery() time.Duration {
	if c.player {
		return playerPingEvery
	}
	return spectatorPingEvery
}

// onPingTimer pings the client if necessary, and closes a silent connection.
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

// ping sends a ping, unless one is unanswered or a spectator has sent something since
// the last call. It returns errSilent if the client is silent.
func (c *Conn) ping(now time.Time) error {
	heard := c.heard.Swap(false)
	switch waits := c.roundTrip.unanswered(now); {
	case waits >= maxSilence && !heard:
		return errSilent
	case waits > 0 || (heard && !c.player):
		return nil
	}
	payload := c.roundTrip.ping(now)
	return c.transport.ping(payload[:])
}

// onPong records a pong. Read calls it.
func (c *Conn) onPong(_ context.Context, payload []byte) {
	c.heard.Store(true)
	c.roundTrip.pong(payload, time.Now())
	if c.direct && c.player {
		if took, ok := kernelRoundTrip(c.transport.raw); ok {
			c.roundTrip.setKernel(took)
		}
	}
}

// onPing reports whether to answer a client's ping, which counts as a frame. Read calls
// it.
func (c *Conn) onPing(context.Context, []byte) bool {
	c.heard.Store(true)
	return c.allow(time.Now())
}
