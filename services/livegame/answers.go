package livegame

import (
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/schemas"
)

// Package await is the other services' way to wait. This one differs: a socket
// must not cost a goroutine a move, so an answer is a call, and the same command
// in flight twice is sent once.

// commandKey names a command. The game is part of it: a client's idempotency key
// is scoped to the client, and may come with two games.
type commandKey struct{ gameID, commandID string }

// outcome is what became of a command.
type outcome struct {
	// code is why it was refused; empty if it was accepted.
	code   schemas.Code
	detail string

	// seq is its first event, of which event is the envelope. A command that was
	// accepted before has a seq and no envelope: see Service.recall.
	seq   int64
	event []byte
	at    standing // where the game stands with it
}

func refused(code schemas.Code, detail string) outcome { return outcome{code: code, detail: detail} }

// question is what a command asks for: the same key must ask for the same.
type question struct {
	kind schemas.CommandType
	what string
}

// pending is a command on its way.
type pending struct {
	question question
	asked    time.Time
	acked    bool // Kafka has it
	first    outcome
	waiters  []func(outcome)
}

// answers holds the commands in flight, and remembers refusals: a refused
// command leaves no trace in the game's row, so the same one sent again would be
// judged again.
type answers struct {
	limit   int
	latency prometheus.Observer

	mu      sync.Mutex
	flying  map[commandKey]*pending
	refused *lru.Cache[commandKey, refusal]
}

// refusal is a command that was refused, here or on another instance. Of
// another's what was asked is not known but for its kind.
type refusal struct {
	question
	code   schemas.Code
	detail string
}

// rememberedRefusals bounds their memory, about 300 bytes each.
const rememberedRefusals = 32_768

func newAnswers(limit int, latency prometheus.Observer) *answers {
	remembered, err := lru.New[commandKey, refusal](rememberedRefusals)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &answers{limit: limit, latency: latency, flying: make(map[commandKey]*pending), refused: remembered}
}

var errTooMany = errors.New("too many commands are in flight")

// expect registers who waits for a command. first is true for the one who has to
// send it. If done is called, it is called once, by whoever reads the answer, so
// it must not block; where known is true, the outcome is here already.
func (a *answers) expect(key commandKey, q question, now time.Time, done func(outcome)) (first, known bool, o outcome) {
	if r, ok := a.refused.Get(key); ok {
		if r.kind != q.kind || (r.what != "" && r.what != q.what) {
			return false, true, keyReused()
		}
		return false, true, refused(r.code, r.detail)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if p, ok := a.flying[key]; ok {
		if p.question != q {
			return false, true, keyReused()
		}
		p.waiters = append(p.waiters, done)
		return false, false, outcome{}
	}
	if len(a.flying) >= a.limit {
		return false, true, refused(schemas.CodeUnavailable, errTooMany.Error())
	}
	a.flying[key] = &pending{question: q, asked: now, waiters: []func(outcome){done}}
	return true, false, outcome{}
}

func keyReused() outcome {
	return refused(schemas.CodeKeyReused, "this key was used for something else")
}

// acked notes that Kafka has the command.
func (a *answers) acked(key commandKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p, ok := a.flying[key]; ok {
		p.acked = true
	}
}

// settle ends the wait for a command, if somebody waits.
func (a *answers) settle(key commandKey, o outcome) {
	a.mu.Lock()
	p, ok := a.flying[key]
	delete(a.flying, key)
	a.mu.Unlock()
	if ok {
		a.tell(p, o)
	}
}

func (a *answers) tell(p *pending, o outcome) {
	a.latency.Observe(time.Since(p.asked).Seconds())
	for _, done := range p.waiters {
		done(o)
	}
}

// event takes an event that was read back. Its envelope must stay as it is.
func (a *answers) event(f folded) {
	ev := f.event
	key := commandKey{ev.Key, ev.CommandID}
	// Refused once, and accepted when an instance that did not know sent it again.
	a.refused.Remove(key)
	a.mu.Lock()
	p, ok := a.flying[key]
	if !ok {
		a.mu.Unlock()
		return
	}
	o, settled := judge(p.question.kind, ev, f.at)
	if o.code == "" {
		o.event = f.raw
		if p.first.event != nil {
			o.seq, o.event = p.first.seq, p.first.event
		}
	}
	if !settled {
		p.first = o
		a.mu.Unlock()
		return
	}
	delete(a.flying, key)
	a.mu.Unlock()
	a.tell(p, o)
}

// asked is the question of a command in flight, with the moment it was asked.
func (a *answers) asked(key commandKey) (q question, at time.Time, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p, ok := a.flying[key]
	if !ok {
		return question{}, time.Time{}, false
	}
	return p.question, p.asked, true
}

// reject takes a CommandRejected.
func (a *answers) reject(r schemas.Reply) {
	key := commandKey{r.Key, r.CommandID}
	if first, ok := a.refused.Get(key); ok && r.Code == schemas.CodeNotAccepted {
		a.settle(key, refused(first.code, first.detail)) // a replay does not know why any more
		return
	}
	if r.Code != schemas.CodeKeyReused { // that is no word on what the key was first used for
		q, _, ok := a.asked(key)
		if !ok {
			q = question{kind: r.CommandType}
		}
		a.refused.Add(key, refusal{q, r.Code, r.Detail})
	}
	a.settle(key, refused(r.Code, r.Detail))
}

// expire gives up all that was asked before a moment. It returns when the oldest
// command that Kafka has not taken yet was asked; zero if there is none.
func (a *answers) expire(before time.Time) (unacked time.Time) {
	var late []*pending
	a.mu.Lock()
	for key, p := range a.flying {
		switch {
		case p.asked.Before(before):
			delete(a.flying, key)
			late = append(late, p)
		case !p.acked && (unacked.IsZero() || p.asked.Before(unacked)):
			unacked = p.asked
		}
	}
	a.mu.Unlock()
	for _, p := range late {
		a.tell(p, refused(schemas.CodeOutcomeUnknown, "no answer in time; the same Idempotency-Key asks again"))
	}
	return unacked
}

// waiting is the number of commands in flight.
func (a *answers) waiting() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.flying)
}
