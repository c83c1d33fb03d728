package kafka

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestOnlyTheUnbrokenPrefixIsCommitted(t *testing.T) {
	t.Parallel()
	p := &prefix{}
	for _, offset := range []int64{5, 6, 9} { // offsets may have gaps
		p.add(offset, time.UnixMilli(offset))
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
	p := &prefix{}
	const n = 2000
	for i := range int64(n) {
		p.add(i, time.UnixMilli(i))
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
