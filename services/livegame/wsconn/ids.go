package wsconn

import (
	"hash/maphash"
	"sync"
)

// IDs are the ids of a connection's requests, so that each is answered once: those
// in flight, and those that were accepted, which are no more than a game's events.
type IDs struct {
	mu       sync.Mutex
	inFlight int
	known    map[uint64]uint64 // id to request, as hashes
}

// maxInFlight is the most requests that a connection may have in flight.
const maxInFlight = 16

var seed = maphash.MakeSeed()

// Seen says whether an id came before on the connection.
type Seen uint8

const (
	New      Seen = iota
	Repeated      // for the same request: it is in flight, or was accepted
	Reused        // for another request
	TooMany       // too many requests are in flight
)

// Begin notes a request that is about to be sent on; an empty id is always New.
// After New the caller must call End; otherwise the request goes no further.
func (i *IDs) Begin(id, kind, detail string) Seen {
	key, request := maphash.String(seed, id), maphash.Comparable(seed, [2]string{kind, detail})
	i.mu.Lock()
	defer i.mu.Unlock()
	if known, ok := i.known[key]; ok {
		if known == request {
			return Repeated
		}
		return Reused
	}
	if i.inFlight >= maxInFlight {
		return TooMany
	}
	i.inFlight++
	if id != "" {
		if i.known == nil {
			i.known = make(map[uint64]uint64)
		}
		i.known[key] = request
	}
	return New
}

// Known reports whether an id is in flight or was accepted.
func (i *IDs) Known(id string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	_, ok := i.known[maphash.String(seed, id)]
	return ok
}

// End notes that a request was answered. The id of one that was not accepted may
// come again; if the game has refused it, it will be refused again.
func (i *IDs) End(id string, accepted bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.inFlight--
	if !accepted && id != "" {
		delete(i.known, maphash.String(seed, id))
	}
}
