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

// key names a command. The game is part of it: a client's idempotency key is
// scoped to the client, who may use it with two games.
type key struct{ gameID, commandID string }

// request is what a command asks for: the same key must ask for the same.
type request struct {
	kind   schemas.CommandType
	detail string
}

// command is a command that waits for its event or its reply.
type command struct {
	request request
	sentAt  time.Time
	acked   bool // Kafka has it
	first   Outcome
	waiters []func(Outcome)
}

// table holds the commands in flight, and remembers refusals: a refused command
// leaves no trace in the game's row, so the processor would judge it again if it
// were sent again.
type table struct {
	limit   int
	latency prometheus.Observer

	mu       sync.Mutex
	inFlight map[key]*command
	refusals *lru.Cache[key, refusal]
}

// refusal is a command that was refused, here or on another instance. Of another
// instance's command only the kind is known.
type refusal struct {
	request
	code   schemas.Code
	detail string
}

// rememberedRefusals bounds their memory, about 300 bytes each.
const rememberedRefusals = 32_768

func newTable(limit int, latency prometheus.Observer) *table {
	remembered, err := lru.New[key, refusal](rememberedRefusals)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &table{limit: limit, latency: latency, inFlight: make(map[key]*command), refusals: remembered}
}

var errTooMany = errors.New("too many commands are in flight")

// expect registers a waiter for a command. send is true if the caller must send
// it. If known is true the outcome is o, and done is not called; otherwise done is
// called once, by the goroutine that reads the answer, so it must not block.
func (t *table) expect(k key, r request, now time.Time, done func(Outcome)) (send, known bool, o Outcome) {
	if before, ok := t.refusals.Get(k); ok {
		if before.kind != r.kind || (before.request.detail != "" && before.request.detail != r.detail) {
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

// acked notes that Kafka has acknowledged the command.
func (t *table) acked(k key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c, ok := t.inFlight[k]; ok {
		c.acked = true
	}
}

// settle ends the wait for a command, if somebody waits.
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

// event takes an event that was read back.
func (t *table) event(f held.Folded) {
	k := key{f.Event.Key, f.Event.CommandID}
	// An instance that did not know of the refusal sent the command again, and then
	// it was accepted.
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
		c.first = o
		t.mu.Unlock()
		return
	}
	delete(t.inFlight, k)
	t.mu.Unlock()
	t.answer(c, o)
}

// lookUp returns the request of a command in flight, and when it was sent.
func (t *table) lookUp(k key) (r request, sentAt time.Time, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, ok := t.inFlight[k]
	if !ok {
		return request{}, time.Time{}, false
	}
	return c.request, c.sentAt, true
}

// reject takes a CommandRejected.
func (t *table) reject(r schemas.Reply) {
	k := key{r.Key, r.CommandID}
	if first, ok := t.refusals.Get(k); ok && r.Code == schemas.CodeNotAccepted {
		t.settle(k, refused(first.code, first.detail)) // a replay does not know the reason any more
		return
	}
	if r.Code != schemas.CodeKeyReused { // which says nothing about the key's first use
		asked, _, ok := t.lookUp(k)
		if !ok {
			asked = request{kind: r.CommandType}
		}
		t.refusals.Add(k, refusal{asked, r.Code, r.Detail})
	}
	t.settle(k, refused(r.Code, r.Detail))
}

// expire settles all commands that were sent before a moment as unknown. It
// returns when the oldest command was sent that Kafka has not acknowledged; the
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
		t.answer(c, refused(schemas.CodeOutcomeUnknown, "no answer in time; the same Idempotency-Key asks again"))
	}
	return oldestUnacked
}

func (t *table) len() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.inFlight)
}
