// Package await lets a service answer a request with the event or reply that its
// command leads to. A handler calls Expect, sends the command and waits; the reader of
// the events and command-replies topics passes every record to Answers.
//
//	w := answers.Expect(playerID, commandID)
//	defer w.Forget()
//	... send the command ...
//	answer, err := w.Wait(ctx)
//
// Expect comes before the send, because the answer may be read before the send
// returns.
package await

import (
	"context"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"tabiya/schemas"
)

// Answer is the first event or the reply that a command led to. One of the two is
// set.
type Answer struct {
	Event *schemas.Event
	Reply *schemas.Reply // CommandRejected or CommandRepeated
}

// id identifies a command. The command id alone is not enough: a client may use one
// Idempotency-Key for commands to two aggregates. The caller chooses what key is.
type id struct{ key, command string }

// Answers holds the waiting requests and remembers refusals. A refused command leaves
// no trace in a table, so a second copy of it would be decided again. It is safe for
// concurrent use.
type Answers struct {
	mu      sync.Mutex
	waiting map[id]map[*Waiter]struct{}
	refused *lru.Cache[id, schemas.Reply]
}

// New creates Answers that remember the given number of refusals, at about 400 bytes
// each. It panics if the number is less than 1.
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
	answer  chan Answer // buffered, for the first answer
}

// Expect creates a waiter for the answer to a command. The caller must call its
// Forget. key is the one that the reader will pass to Event and Reply.
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

// Wait returns the first answer since Expect, or the error of ctx.
func (w *Waiter) Wait(ctx context.Context) (Answer, error) {
	select {
	case answer := <-w.answer:
		return answer, nil
	case <-ctx.Done():
		return Answer{}, ctx.Err()
	}
}

// Forget removes the waiter. It may be called more than once.
func (w *Waiter) Forget() {
	w.answers.mu.Lock()
	defer w.answers.mu.Unlock()
	others := w.answers.waiting[w.id]
	delete(others, w)
	if len(others) == 0 {
		delete(w.answers.waiting, w.id)
	}
}

// Refused returns the remembered refusal of a command. ok is false if there is none.
func (a *Answers) Refused(key, commandID string) (reply schemas.Reply, ok bool) {
	return a.refused.Get(id{key, commandID})
}

// Event answers all waiters for the event's command.
func (a *Answers) Event(key string, ev schemas.Event) {
	a.deliver(id{key, ev.CommandID}, Answer{Event: &ev})
}

// Reply answers all waiters for the reply's command, and remembers a refusal.
func (a *Answers) Reply(key string, r schemas.Reply) {
	// CodeKeyReused says that the id was used with another content and nothing about
	// its first use.
	if r.Type == schemas.CommandRejected && r.Code != schemas.CodeKeyReused {
		a.refused.Add(id{key, r.CommandID}, r)
	}
	a.deliver(id{key, r.CommandID}, Answer{Reply: &r})
}

func (a *Answers) deliver(command id, answer Answer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for w := range a.waiting[command] {
		select {
		case w.answer <- answer:
		default: // it has an answer: this one is the command's second event
		}
	}
}

// Waiting returns the number of commands with at least one waiter.
func (a *Answers) Waiting() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.waiting)
}
