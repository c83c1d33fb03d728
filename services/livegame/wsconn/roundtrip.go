package wsconn

import (
	"encoding/binary"
	"sync"
	"time"
)

// sampleShare is the weight of a new sample: it weighs 1/sampleShare. With TCP's 1/8
// (RFC 6298) the round trip would take a minute of pings to follow a change of network.
const sampleShare = 4

// roundTrip is a connection's smoothed round trip, and its last ping.
type roundTrip struct {
	mu       sync.Mutex
	number   uint64 // the number of the last ping, which is its payload
	sent     time.Time
	waiting  bool // the last ping is unanswered
	measured bool // smooth has a sample
	smooth   time.Duration
	least    time.Duration // the shortest sample
	kernel   time.Duration // what the kernel measures; 0 if that is not known
}

// ping returns the payload of a new ping. A pong to an earlier ping is ignored then.
func (l *roundTrip) ping(now time.Time) (payload [8]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number++
	l.sent, l.waiting = now, true
	binary.BigEndian.PutUint64(payload[:], l.number)
	return payload
}

// pong handles the payload of a pong. A pong that does not answer the last ping is
// ignored.
func (l *roundTrip) pong(payload []byte, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.waiting || len(payload) != 8 || binary.BigEndian.Uint64(payload) != l.number {
		return
	}
	l.waiting = false
	took := max(0, now.Sub(l.sent))
	if !l.measured {
		l.measured, l.smooth, l.least = true, took, took
		return
	}
	l.least = min(l.least, took)
	l.smooth += (took - l.smooth) / sampleShare
}

// setKernel sets what the kernel measures.
func (l *roundTrip) setKernel(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kernel = max(took, 1)
}

// unanswered returns how long the last ping has waited for its pong; 0 if it was
// answered.
func (l *roundTrip) unanswered(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.waiting {
		return 0
	}
	return now.Sub(l.sent)
}

// cs returns the smoothed round trip in centiseconds, rounded down; ok is false before
// the first pong.
func (l *roundTrip) cs() (cs int64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.smooth.Milliseconds() / 10, l.measured
}

// RoundTripCs returns the round trip that the server measured, in centiseconds; nil
// before the first pong.
func (c *Conn) RoundTripCs() *int64 {
	if cs, ok := c.roundTrip.cs(); ok {
		return &cs
	}
	return nil
}

// MoveLagCs returns the lag that counts for a move, in centiseconds: the round trip that
// the server measured, or what the client states if that is less. A client can delay its
// pongs, so no more counts than the shortest round trip of the connection, nor, if the
// peer is no proxy, than what the kernel measures: it answers for the client's program.
// The lag bank of the game's clock limits what remains to be gained (ADR 18, ADR 29).
func (c *Conn) MoveLagCs(stated *int64) int64 { return c.roundTrip.ofMove(stated) }

func (l *roundTrip) ofMove(stated *int64) int64 {
	l.mu.Lock()
	bound := min(l.smooth, l.least)
	if l.kernel > 0 {
		bound = min(bound, l.kernel)
	}
	l.mu.Unlock()
	cs := bound.Milliseconds() / 10
	if stated != nil {
		cs = min(cs, *stated)
	}
	return cs
}
