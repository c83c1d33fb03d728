package await

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"tabiya/schemas"
)

func event(command string, seq int64) schemas.Event {
	return schemas.Event{Type: schemas.MoveMade, Seq: seq, CommandID: command}
}

func rejected(command string) schemas.Reply {
	return schemas.Reply{Type: schemas.CommandRejected, CommandID: command, Code: schemas.CodeNotYourTurn}
}

func TestEveryWaiterGetsTheFirstAnswerToItsCommand(t *testing.T) {
	t.Parallel()
	a := New(8)
	one, two, other := a.Expect("game", "c"), a.Expect("game", "c"), a.Expect("other game", "c")
	a.Event("game", event("c", 5))
	a.Event("game", event("c", 6)) // the second event of the same command
	a.Reply("other game", rejected("c"))
	for _, w := range []*Waiter{one, two} {
		got, err := w.Wait(t.Context())
		if err != nil || got.Event == nil || got.Event.Seq != 5 {
			t.Fatalf("got %+v, want event 5: %v", got, err)
		}
	}
	if got, err := other.Wait(t.Context()); err != nil || got.Reply == nil || got.Reply.Code != schemas.CodeNotYourTurn {
		t.Fatalf("got %+v, want the refusal: %v", got, err)
	}
	for _, w := range []*Waiter{one, two, other} {
		w.Forget()
		w.Forget()
	}
	if n := a.Waiting(); n != 0 {
		t.Fatalf("%d commands left behind", n)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	a := New(8)
	w := a.Expect("game", "c")
	defer w.Forget()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got error %v, want context.Canceled", err)
	}
}

func TestLastRefusalsAreRemembered(t *testing.T) {
	t.Parallel()
	a := New(4)
	for i := range 100 {
		a.Reply("game", rejected(strconv.Itoa(i)))
		a.Reply("game", schemas.Reply{Type: schemas.CommandRepeated, CommandID: "accepted " + strconv.Itoa(i), Seq: 1})
	}
	if _, ok := a.Refused("game", "0"); ok {
		t.Error("the first of 100 refusals is still remembered, with a bound of 4")
	}
	if r, ok := a.Refused("game", "99"); !ok || r.Code != schemas.CodeNotYourTurn {
		t.Errorf("the last refusal is %+v, want CodeNotYourTurn", r)
	}
	if _, ok := a.Refused("other game", "99"); ok {
		t.Error("a refusal is remembered for the wrong key")
	}
	if _, ok := a.Refused("game", "accepted 99"); ok {
		t.Error("an accepted command is remembered as refused")
	}
}

func TestConcurrentWaitersGetTheirAnswers(t *testing.T) {
	t.Parallel()
	a := New(64)
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			command := strconv.Itoa(i)
			w := a.Expect("game", command)
			defer w.Forget()
			go a.Event("game", event(command, 1))
			if got, err := w.Wait(t.Context()); err != nil || got.Event.CommandID != command {
				t.Errorf("got %+v, want the event of command %s: %v", got, command, err)
			}
		})
	}
	all.Wait()
	if n := a.Waiting(); n != 0 {
		t.Fatalf("%d commands left behind", n)
	}
}
