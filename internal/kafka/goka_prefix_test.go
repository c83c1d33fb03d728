package kafka

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestCommitStopsBeforeFirstRecordInFlight(t *testing.T) {
	t.Parallel()
	p := newCommitPrefix(0)
	for _, offset := range []int64{5, 6, 9} { // offsets may have gaps
		p.add(offset, time.UnixMilli(offset), nil)
	}
	steps := []struct {
		done, next int64
		advanced   bool
	}{
		{6, 0, false}, // 5 is still in flight
		{6, 0, false}, // done twice
		{7, 0, false}, // never added
		{5, 7, true},
		{9, 10, true},
		{5, 10, false},
	}
	for _, s := range steps {
		next, at, advanced := p.done(s.done)
		if advanced != s.advanced || (advanced && (next != s.next || at != time.UnixMilli(s.next-1))) {
			t.Fatalf("after %d: commit %d at %v, advanced %t", s.done, next, at, advanced)
		}
	}
}

func TestCommitReachesEndWhenRecordsFinishInAnyOrder(t *testing.T) {
	t.Parallel()
	p := newCommitPrefix(0)
	const n = 2000
	for i := range int64(n) {
		p.add(i, time.UnixMilli(i), nil)
	}
	inFlight := make(map[int64]bool)
	for i := range int64(n) {
		inFlight[i] = true
	}
	for _, i := range rand.Perm(n) {
		delete(inFlight, int64(i))
		next, _, advanced := p.done(int64(i))
		for o := range next {
			if advanced && inFlight[o] {
				t.Fatalf("%d would be committed, but %d is in flight", next, o)
			}
		}
	}
	if next, _, _ := p.done(0); next != n || len(p.records) != 0 {
		t.Fatalf("all done: commit %d, %d records left", next, len(p.records))
	}
}

func TestAddBlocksAtMaxInFlightUntilStopped(t *testing.T) {
	t.Parallel()
	p := newCommitPrefix(2)
	stop := make(chan struct{})
	if !p.add(0, time.UnixMilli(0), stop) || !p.add(1, time.UnixMilli(0), stop) {
		t.Fatal("a record below the limit was not added")
	}
	added := make(chan bool)
	go func() { added <- p.add(2, time.UnixMilli(0), stop) }()
	p.done(1) // 0 is in flight, so 1 still takes a slot
	select {
	case <-added:
		t.Fatal("a record was added over the limit")
	default:
	}
	p.done(0)
	if !<-added {
		t.Fatal("no record was added after a slot was free")
	}
	go func() { added <- p.add(3, time.UnixMilli(0), stop) && p.add(4, time.UnixMilli(0), stop) }()
	close(stop)
	if <-added {
		t.Fatal("add did not stop")
	}
}
