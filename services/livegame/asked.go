package livegame

import "sync"

// asked is what a connection asked for lately, so that each clientMoveId is
// answered once on it.
type asked struct {
	mu     sync.Mutex
	flying int
	waits  map[string]question
	done   [rememberedAcks]acked
	next   int
}

type acked struct {
	id       string
	question question
}

// The most that a connection may have in flight, and the acks it remembers.
const (
	maxInFlight    = 16
	rememberedAcks = 32
)

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
	if id != "" {
		known, ok := a.waits[id]
		for i := range a.done {
			if !ok && a.done[i].id == id {
				known, ok = a.done[i].question, true
			}
		}
		switch {
		case ok && known == q:
			return askedBefore
		case ok:
			return askedOther
		}
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

// end notes that the frame is answered. One that was not accepted may come again.
func (a *asked) end(id string, accepted bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.flying--
	if id == "" {
		return
	}
	if accepted {
		a.done[a.next] = acked{id, a.waits[id]}
		a.next = (a.next + 1) % rememberedAcks
	}
	delete(a.waits, id)
}
