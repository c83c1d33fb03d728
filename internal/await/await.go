// Package await lets a service answer a request with what Kafka says about its
// command. A handler expects the answer, sends the command, and waits; whoever
// reads the events and command-replies topics feeds what he reads.
//
//	w := answers.Expect(playerID, commandID)
//	defer w.Forget()
//	... send the command ...
//	answer, err := w.Wait(ctx)
//
// Expecting comes first: an answer can be back before the send returns.
package await

import (
	"context"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"tabiya/schemas"
)

// Answer is what became of a command: its first event, or a reply.
type Answer struct {
	Event *schemas.Event
	Reply *schemas.Reply // CommandRejected or CommandRepeated
}

// id names a command. Two games of one player may each know a command of the
// same id, since a client's idempotency key is scoped to the client alone; so
// the key, whatever the feeder takes for it, is part of the name.
type id struct{ key, command string }

// Answers holds the waiting requests, and remembers refusals: a refused command
// leaves no trace in a table, so the same command sent again would be judged
// again. It is safe for concurrent use.
type Answers struct {
	mu      sync.Mutex
	waiting map[id]map[*Waiter]struct{}
	refused *lru.Cache[id, schemas.Reply]
}

// New remembers the last `refusals` refusals (about 400 bytes each).
func New(refusals int) *Answers {
	refused, err := lru.New[id, schemas.Reply](refusals)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &Answers{waiting: make(map[id]map[*Waiter]struct{}), refused: refused}
}

// Waiter waits for the answer to one command.
type Waiter struct {
	answers *Answers
	id      id
	answer  chan Answer // holds one
}

// Expect begins to listen for the answer to a command. The caller must Forget.
func (a *Answers) Expect(key, commandID string) *Waiter {
	w := &Waiter{answers: a, id: id{key, commandID}, answer: make(chan Answer, 1)}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.waiting[w.id] == nil {
		a.waiting[w.id] = make(map[*Waiter]struct{}, 1)
	}
	a.waiting[w.id][w] = struct{}{}
	return w
}

// Wait returns the first answer fed since Expect, or the context's error.
func (w *Waiter) Wait(ctx context.Context) (Answer, error) {
	select {
	case answer := <-w.answer:
		return answer, nil
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

// Forget stops listening.
func (w *Waiter) Forget() {
	w.answers.mu.Lock()
	defer w.answers.mu.Unlock()
	others := w.answers.waiting[w.id]
	delete(others, w)
	if len(others) == 0 {
		delete(w.answers.waiting, w.id)
	}
}

// Refused gives the remembered refusal of a command.
func (a *Answers) Refused(key, commandID string) (schemas.Reply, bool) {
	return a.refused.Get(id{key, commandID})
}

// Event feeds an event, under the key that the command was expected with.
func (a *Answers) Event(key string, ev schemas.Event) {
	a.feed(id{key, ev.CommandID}, Answer{Event: &ev})
}

// Reply feeds a reply, under the key that the command was expected with.
func (a *Answers) Reply(key string, r schemas.Reply) {
	// That an id was used for something else is no word on what it was first used for.
	if r.Type == schemas.CommandRejected && r.Code != schemas.CodeKeyReused {
		a.refused.Add(id{key, r.CommandID}, r)
	}
	a.feed(id{key, r.CommandID}, Answer{Reply: &r})
}

// feed hands the answer to all who wait for it; later answers to the same
// command (its second event) find the channel full and are dropped.
func (a *Answers) feed(of id, answer Answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for w := range a.waiting[of] {
		select {
		case w.answer <- answer:
		default:
		}
	}
}

// Waiting is the number of commands that somebody waits for.
func (a *Answers) Waiting() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.waiting)
}
