package wsconn

import (
	"encoding/binary"
	"sync"
	"time"
)

// lagShare is a new measure's part in the smoothed one: 1/4. TCP's 1/8 (RFC 6298)
// would take a minute of pings to follow a change of network.
const lagShare = 4

// lag is a connection's round trip: the newest ping and the smoothed measure.
type lag struct {
	mu       sync.Mutex
	number   uint64 // of the last ping
	sent     time.Time
	waiting  bool
	measured bool
	smooth   time.Duration
}

// ping returns the payload of a new ping. A pong to an earlier ping counts no more.
func (l *lag) ping(now time.Time) (payload [8]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number++
	l.sent, l.waiting = now, true
	binary.BigEndian.PutUint64(payload[:], l.number)
	return payload
}

// pong takes the payload of a pong. One that answers no waiting ping is ignored.
func (l *lag) pong(payload []byte, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.waiting || len(payload) != 8 || binary.BigEndian.Uint64(payload) != l.number {
		return
	}
	l.waiting = false
	took := max(0, now.Sub(l.sent))
	if !l.measured {
		l.measured, l.smooth = true, took
		return
	}
	l.smooth += (took - l.smooth) / lagShare
}

// unanswered is how long a ping has waited for its pong; 0 if none does.
func (l *lag) unanswered(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.waiting {
		return 0
	}
	return now.Sub(l.sent)
}

// cs is the smoothed round trip in centiseconds, rounded down; ok is false
// before the first pong.
func (l *lag) cs() (cs int64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.smooth.Milliseconds() / 10, l.measured
}

// LagCs is the round trip as the server measured it, in centiseconds; nil before
// the first pong.
func (c *Conn) LagCs() *int64 {
	if cs, ok := c.lag.cs(); ok {
		return &cs
	}
	return nil
}

// MoveLagCs is the lag that counts for a move, in centiseconds: what the server
// measured, or what the client states if that is less. A client can hold its pongs
// back; the bank of the game's clock bounds what that gives it.
func (c *Conn) MoveLagCs(stated *int64) int64 { return c.lag.ofMove(stated) }

func (l *lag) ofMove(stated *int64) int64 {
	cs, _ := l.cs()
	if stated != nil {
		cs = min(cs, *stated)
	}
	return cs
}
