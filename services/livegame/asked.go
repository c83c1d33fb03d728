package livegame

import (
	"hash/maphash"
	"sync"
)

// asked is what a connection asked for, so that each clientMoveId is answered
// once on it. What was accepted is remembered as two hashes: there is no more of
// it than events in a game.
type asked struct {
	mu       sync.Mutex
	flying   int
	waits    map[string]question
	accepted map[uint64]uint64 // clientMoveId to question
}

// maxInFlight is the most that a connection may have in flight.
const maxInFlight = 16

var askedSeed = maphash.MakeSeed()

func (q question) hash() uint64 { return maphash.Comparable(askedSeed, q) }

// before says what became of the same clientMoveId earlier on the connection.
type before uint8

const (
	askedNever   before = iota
	askedBefore         // for the same: it is in flight, or was acknowledged
	askedOther          // for something else
	askedTooMuch        // too many frames are in flight
)

// begin notes a frame that is about to be sent on; an empty id is always new.
// Unless it gives askedNever, the frame goes no further.
func (a *asked) begin(id string, q question) before {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known, ok := a.knowsLocked(id); ok {
		if known == q.hash() {
			return askedBefore
		}
		return askedOther
	}
	if a.flying >= maxInFlight {
		return askedTooMuch
	}
	a.flying++
	if id != "" {
		if a.waits == nil {
			a.waits = make(map[string]question, 1)
		}
		a.waits[id] = q
	}
	return askedNever
}

// knows reports whether an id is in flight or was acknowledged.
func (a *asked) knows(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.knowsLocked(id)
	return ok
}

func (a *asked) knowsLocked(id string) (q uint64, ok bool) {
	if id == "" {
		return 0, false
	}
	if waits, ok := a.waits[id]; ok {
		return waits.hash(), true
	}
	q, ok = a.accepted[maphash.String(askedSeed, id)]
	return q, ok
}

// end notes that the frame is answered. One that was not accepted may come again,
// and if the game has refused it, is refused again.
func (a *asked) end(id string, accepted bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.flying--
	if id == "" {
		return
	}
	if accepted {
		if a.accepted == nil {
			a.accepted = make(map[uint64]uint64)
		}
		a.accepted[maphash.String(askedSeed, id)] = a.waits[id].hash()
	}
	delete(a.waits, id)
}
