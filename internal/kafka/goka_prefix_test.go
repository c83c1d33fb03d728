package kafka

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestOnlyTheUnbrokenPrefixIsCommitted(t *testing.T) {
	t.Parallel()
	p := newPrefix(0)
	for _, offset := range []int64{5, 6, 9} { // offsets may have gaps
		p.add(offset, time.UnixMilli(offset), nil)
	}
	steps := []struct {
		done, next int64
		moved      bool
	}{
		{6, 0, false}, // 5 is in flight still
		{6, 0, false}, // twice does no harm
		{7, 0, false}, // never handed out
		{5, 7, true},
		{9, 10, true},
		{5, 10, false},
	}
	for _, s := range steps {
		next, at, moved := p.done(s.done)
		if moved != s.moved || (moved && (next != s.next || at != time.UnixMilli(s.next-1))) {
			t.Fatalf("after %d: commit %d at %v, moved %t", s.done, next, at, moved)
		}
	}
}

func TestThePrefixReachesTheEndInWhateverOrderRecordsAreDone(t *testing.T) {
	t.Parallel()
	p := newPrefix(0)
	const n = 2000
	for i := range int64(n) {
		p.add(i, time.UnixMilli(i), nil)
	}
	open := make(map[int64]bool)
	for i := range int64(n) {
		open[i] = true
	}
	for _, i := range rand.Perm(n) {
		delete(open, int64(i))
		next, _, moved := p.done(int64(i))
		for o := range next {
			if moved && open[o] {
				t.Fatalf("%d would be committed, but %d is in flight", next, o)
			}
		}
	}
	if next, _, _ := p.done(0); next != n || len(p.pending) != 0 {
		t.Fatalf("at the end the commit is %d, %d are left", next, len(p.pending))
	}
}

func TestNoMoreRecordsAreInFlightThanMayBe(t *testing.T) {
	t.Parallel()
	p := newPrefix(2)
	stop := make(chan struct{})
	if !p.add(0, time.UnixMilli(0), stop) || !p.add(1, time.UnixMilli(0), stop) {
		t.Fatal("there is room for two")
	}
	added := make(chan bool)
	go func() { added <- p.add(2, time.UnixMilli(0), stop) }()
	p.done(1) // 0 is in flight: nothing is committed, there is no room
	select {
	case <-added:
		t.Fatal("a third is in flight")
	default:
	}
	p.done(0)
	if !<-added {
		t.Fatal("there is room for one more")
	}
	go func() { added <- p.add(3, time.UnixMilli(0), stop) && p.add(4, time.UnixMilli(0), stop) }()
	close(stop)
	if <-added {
		t.Fatal("it did not stop")
	}
}
