package livegame

import (
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"time"
)

// Pings. A player's round trip is measured all the time, for what the network
// takes of his clock is given back; a watcher is pinged only if he is silent.
const (
	playerPingEvery  = 5 * time.Second
	watcherPingEvery = 20 * time.Second
	// silence is how long a client may leave a ping unanswered and say nothing.
	silence = 20 * time.Second
	// lagShare is a new measure's part in the smoothed one: 1/4. TCP's 1/8
	// (RFC 6298) would take a minute of pings to follow a change of network.
	lagShare = 4
)

// lag is a socket's round trip: the newest ping and the smoothed measure. The
// writer pings, the reader hears the pong.
type lag struct {
	mu       sync.Mutex
	number   uint64 // of the last ping
	sent     time.Time
	waiting  bool
	measured bool
	smooth   time.Duration
}

// ping is the payload of a new ping; the one before counts no more.
func (l *lag) ping(now time.Time) (payload [8]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.number++
	l.sent, l.waiting = now, true
	binary.BigEndian.PutUint64(payload[:], l.number)
	return payload
}

// pong takes the payload of a pong; one that nobody waits for is nothing.
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

// of is the lag of a move, in centiseconds: what the server measured, or what
// the client states where that is less. A client can hold its pongs back; that
// is bounded by the game's own bank.
func (l *lag) of(stated *int64) int64 {
	cs, _ := l.cs()
	if stated != nil {
		cs = min(cs, *stated)
	}
	return cs
}

var errSilent = errors.New("the client says nothing")

// startBeats begins to ping; the caller stops the timer.
func (k *socket) startBeats() {
	if k.plays {
		_ = k.ping(time.Now()) // so that the first moves have a measure; an error comes again
	}
	k.beats = time.AfterFunc(time.Hour, k.beat)
	k.beats.Reset(k.beatEvery()) // apart, for beat reads k.beats
}

// beatEvery is the time between two beats.
func (k *socket) beatEvery() time.Duration {
	if k.plays {
		return playerPingEvery
	}
	return watcherPingEvery
}

// beat pings where it is time to, and closes a socket that says nothing.
func (k *socket) beat() {
	switch err := k.ping(time.Now()); {
	case errors.Is(err, errSilent):
		_ = k.conn.Close(statusSilent, err.Error())
	case err != nil:
		_ = k.conn.CloseNow()
	default:
		k.beats.Reset(k.beatEvery())
	}
}

func (k *socket) ping(now time.Time) error {
	heard := k.heard.Swap(false)
	switch waits := k.lag.unanswered(now); {
	case waits >= silence && !heard:
		return errSilent
	case waits > 0 || (heard && !k.plays):
		return nil
	}
	payload := k.lag.ping(now)
	return k.wire.ping(payload[:])
}

// hearPong and hearPing are called by the reader, within next.
func (k *socket) hearPong(_ context.Context, payload []byte) {
	k.heard.Store(true)
	k.lag.pong(payload, time.Now())
}

// hearPing says whether a ping is worth a pong: it counts as a frame.
func (k *socket) hearPing(context.Context, []byte) bool {
	k.heard.Store(true)
	return k.pace.allows(time.Now())
}
