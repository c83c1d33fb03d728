package test

import (
	"context"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

func testRotation(seed uint64) *rotation {
	return &rotation{
		chance: rand.New(rand.NewPCG(seed, 0)),
		kinds:  []string{faultKill, faultStop, faultPause, faultBoth, faultClock},
		roles: map[string][]string{
			"broker": {"broker 1", "broker 2", "broker 3"}, "s3": {"s3"}, "service livegame": {live1, live2},
		},
		clocks: map[string]*clock{"broker 1": {}, "broker 2": {}, "broker 3": {}},
	}
}

func anyRole(string) bool { return true }

// A role that is not free delays no other by more than a round.
func TestRotationPassesOverARoleThatIsNotFree(t *testing.T) {
	t.Parallel()
	r, seen := testRotation(7), map[string]int{}
	notBroker := func(role string) bool { return role != "broker" }
	for f, ok := r.next(notBroker); ok; f, ok = r.next(notBroker) {
		seen[f.role]++
	}
	if seen["broker"] != 0 || seen["s3"] < 6 || seen["s3"] != seen["service livegame"] {
		t.Errorf("%v", seen)
	}
	for range 5 {
		if f, ok := r.next(func(role string) bool { return role == "broker" }); !ok || f.role != "broker" {
			t.Errorf("%+v, %t", f, ok)
		}
	}
	if f, ok := r.next(func(string) bool { return false }); ok {
		t.Errorf("no role is free, but %+v", f)
	}
}

func TestRotationHitsEachRoleWithEachKindThatItCanHave(t *testing.T) {
	t.Parallel()
	r, seen := testRotation(7), map[string]int{}
	const all = 3*3 + 2 // three kinds for each role, two more for brokers
	for range 2 * all {
		f, _ := r.next(anyRole)
		seen[f.kind+" "+f.role]++
		if f.kind == faultBoth && len(f.names) != 3 || f.kind == faultClock && f.step == 0 {
			t.Errorf("%+v", f)
		}
	}
	for what, times := range seen {
		if times != 2 {
			t.Errorf("%s came %d times in two rounds", what, times)
		}
	}
	if len(seen) != all {
		t.Errorf("%d pairs of role and kind, want %d: %v", len(seen), all, seen)
	}
}

func TestSeedRepeatsTheFaults(t *testing.T) {
	t.Parallel()
	first, again, other := testRotation(7), testRotation(7), testRotation(8)
	differ := false
	for range 50 {
		f, _ := first.next(anyRole)
		if g, _ := again.next(anyRole); !reflect.DeepEqual(f, g) {
			t.Fatalf("%+v, then %+v", f, g)
		}
		g, _ := other.next(anyRole)
		differ = differ || !reflect.DeepEqual(f, g)
	}
	if !differ {
		t.Error("another seed gives the same faults")
	}
}

func TestWatchEndsWhenEachLiveGameHasMovedOrEnded(t *testing.T) {
	t.Parallel()
	p := newChaosProgress()
	if took, stuck := p.watch().wait(t.Context(), time.Minute); took != 0 || len(stuck) > 0 {
		t.Errorf("without games: %s, %v", took, stuck)
	}
	for _, id := range []string{"a", "b", "c"} {
		p.started(id)
	}
	w := p.watch()
	p.started("d") // begins after the fault
	p.accepted("a", 0)
	p.ended("b")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, stuck := w.wait(gone, time.Minute); len(stuck) != 1 || stuck[0] != "c" {
		t.Errorf("stuck: %v", stuck)
	}
	w = p.watch()
	p.accepted("a", 0)
	p.accepted("d", 0)
	p.accepted("c", 0)
	if took, stuck := w.wait(t.Context(), time.Minute); took == 0 || len(stuck) > 0 {
		t.Errorf("all moved: %s, %v", took, stuck)
	}
}
