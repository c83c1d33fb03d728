package wsconn

import (
	"hash/maphash"
	"sync"
)

// IDs are the ids of a connection's requests, kept so that each id is answered once. It
// keeps the ids in flight and those of accepted requests, which are bounded by the
// number of a game's events.
type IDs struct {
	mu       sync.Mutex
	inFlight int
	known    map[uint64]uint64 // from the hash of an id to the hash of its request
}

// maxInFlight is the largest number of requests in flight on a connection.
const maxInFlight = 16

var seed = maphash.MakeSeed()

// Seen is the result of IDs.Begin.
type Seen uint8

const (
	New      Seen = iota // the id is new on the connection, or empty
	Repeated             // the same request with this id is in flight or was accepted
	Reused               // the id belongs to another request
	TooMany              // too many requests are in flight
)

// Begin records a request that is about to be sent. After New the caller must call End
// once the request is answered. After any other result, do not send the request. An
// empty id is never Repeated or Reused.
func (i *IDs) Begin(id, kind, content string) Seen {
	key, request := maphash.String(seed, id), maphash.Comparable(seed, [2]string{kind, content})
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

// End records that a request was answered. If the request was not accepted, its id may
// be used again; package pending repeats the refusal then.
func (i *IDs) End(id string, accepted bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.inFlight--
	if !accepted && id != "" {
		delete(i.known, maphash.String(seed, id))
	}
}
