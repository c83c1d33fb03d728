package livegame

import (
	"hash/maphash"
	"sync"
)

// asked is what a connection asked for, so that each clientMoveId is answered
// once on it: what is in flight, and what was accepted, of which there is no more
// than events in a game.
type asked struct {
	mu     sync.Mutex
	flying int
	known  map[uint64]uint64 // clientMoveId to question, as hashes
}

// maxInFlight is the most that a connection may have in flight.
const maxInFlight = 16

var askedSeed = maphash.MakeSeed()

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
	key, what := maphash.String(askedSeed, id), maphash.Comparable(askedSeed, q)
	a.mu.Lock()
	defer a.mu.Unlock()
	if known, ok := a.known[key]; ok {
		if known == what {
			return askedBefore
		}
		return askedOther
	}
	if a.flying >= maxInFlight {
		return askedTooMuch
	}
	a.flying++
	if id != "" {
		if a.known == nil {
			a.known = make(map[uint64]uint64)
		}
		a.known[key] = what
	}
	return askedNever
}

// knows reports whether an id is in flight or was acknowledged.
func (a *asked) knows(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.known[maphash.String(askedSeed, id)]
	return ok
}

// end notes that the frame is answered. One that was not accepted may come again,
// and if the game has refused it, is refused again.
func (a *asked) end(id string, accepted bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.flying--
	if !accepted && id != "" {
		delete(a.known, maphash.String(askedSeed, id))
	}
}
