package pending

import (
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/schemas"
	"tabiya/services/livegame/held"
)

// key identifies a command. The game is part of it, because a client may use one
// idempotency key with two games.
type key struct{ gameID, commandID string }

// request is what a repeat under the same key must match.
type request struct {
	kind    schemas.CommandType
	content string
}

// command is a command that waits for its event or its reply.
type command struct {
	request request
	sentAt  time.Time
	acked   bool    // Kafka has acknowledged the command
	first   Outcome // after the first event, if a second one decides the outcome
	waiters []func(Outcome)
}

// table holds the commands in flight and remembers refusals. A refused command leaves
// no trace in the game's row, so the processor could accept it if it were sent again.
type table struct {
	limit   int
	latency prometheus.Observer

	mu       sync.Mutex
	inFlight map[key]*command
	refusals *lru.Cache[key, refusal]
}

// refusal is a command that was refused. For a command of another instance, only kind
// is set in the request.
type refusal struct {
	request
	code   schemas.Code
	detail string
}

// rememberedRefusals limits the refusals that are remembered, at about 300 bytes each.
const rememberedRefusals = 32_768

func newTable(limit int, latency prometheus.Observer) *table {
	remembered, err := lru.New[key, refusal](rememberedRefusals)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &table{limit: limit, latency: latency, inFlight: make(map[key]*command), refusals: remembered}
}

var errTooMany = errors.New("too many commands are in flight")

// expect registers a waiter for a command. send is true if the caller must send the
// command. If known is true, the outcome is o and done is not called. Otherwise done is
// called once, by the goroutine that reads the answer, so done must not block.
func (t *table) expect(k key, r request, now time.Time, done func(Outcome)) (send, known bool, o Outcome) {
	if before, ok := t.refusals.Get(k); ok {
		if before.kind != r.kind || (before.content != "" && before.content != r.content) {
			return false, true, keyReused()
		}
		return false, true, refused(before.code, before.detail)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, ok := t.inFlight[k]; ok {
		if c.request != r {
			return false, true, keyReused()
		}
		c.waiters = append(c.waiters, done)
		return false, false, Outcome{}
	}
	if len(t.inFlight) >= t.limit {
		return false, true, refused(schemas.CodeUnavailable, errTooMany.Error())
	}
	t.inFlight[k] = &command{request: r, sentAt: now, waiters: []func(Outcome){done}}
	return true, false, Outcome{}
}

// acked records that Kafka has acknowledged the command.
func (t *table) acked(k key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, ok := t.inFlight[k]; ok {
		c.acked = true
	}
}

// settle answers a command, if it is still in flight.
func (t *table) settle(k key, o Outcome) {
	t.mu.Lock()
	c, ok := t.inFlight[k]
	delete(t.inFlight, k)
	t.mu.Unlock()
	if ok {
		t.answer(c, o)
	}
}

func (t *table) answer(c *command, o Outcome) {
	t.latency.Observe(time.Since(c.sentAt).Seconds())
	for _, done := range c.waiters {
		done(o)
	}
}

// event handles an event that was read back.
func (t *table) event(f held.Folded) {
	k := key{f.Event.Key, f.Event.CommandID}
	// A remembered refusal is wrong now: an instance that did not know of it sent the
	// command again, and then it was accepted.
	t.refusals.Remove(k)
	t.mu.Lock()
	c, ok := t.inFlight[k]
	if !ok {
		t.mu.Unlock()
		return
	}
	o, settled := outcomeOf(c.request.kind, f.Event, f.Standing)
	if o.Code == "" {
		o.Envelope = f.Envelope
		if c.first.Envelope != nil {
			o.Seq, o.Envelope = c.first.Seq, c.first.Envelope
		}
	}
	if !settled {
		if f.Event.Type != schemas.TimeRestored {
			c.first = o
		}
		t.mu.Unlock()
		return
	}
	delete(t.inFlight, k)
	t.mu.Unlock()
	t.answer(c, o)
}

// lookUp returns the request and the send time of a command in flight.
func (t *table) lookUp(k key) (r request, sentAt time.Time, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.inFlight[k]
	if !ok {
		return request{}, time.Time{}, false
	}
	return c.request, c.sentAt, true
}

// reject handles a CommandRejected.
func (t *table) reject(r schemas.Reply) {
	k := key{r.Key, r.CommandID}
	if first, ok := t.refusals.Get(k); ok && r.Code == schemas.CodeNotAccepted {
		t.settle(k, refused(first.code, first.detail)) // a replay by the processor no longer knows the reason
		return
	}
	if r.Code != schemas.CodeKeyReused { // that code says nothing about the key's first use
		q, _, ok := t.lookUp(k)
		if !ok {
			q = request{kind: r.CommandType}
		}
		t.refusals.Add(k, refusal{q, r.Code, r.Detail})
	}
	t.settle(k, refused(r.Code, r.Detail))
}

// expire answers all commands that were sent before a time with outcome_unknown. It
// returns the send time of the oldest remaining command that was not acknowledged; the
// zero time if there is none.
func (t *table) expire(before time.Time) (oldestUnacked time.Time) {
	var late []*command
	t.mu.Lock()
	for k, c := range t.inFlight {
		switch {
		case c.sentAt.Before(before):
			delete(t.inFlight, k)
			late = append(late, c)
		case !c.acked && (oldestUnacked.IsZero() || c.sentAt.Before(oldestUnacked)):
			oldestUnacked = c.sentAt
		}
	}
	t.mu.Unlock()
	for _, c := range late {
		t.answer(c, refused(schemas.CodeOutcomeUnknown, "no answer in time; repeat the request with the same Idempotency-Key"))
	}
	return oldestUnacked
}

func (t *table) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.inFlight)
}
