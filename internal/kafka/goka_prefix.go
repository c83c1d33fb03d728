package kafka

import (
	"sort"
	"sync"
	"time"
)

// prefix knows which of a partition's records are done, in whatever order they
// get done, and how far the unbroken row of done ones reaches. Goka marks an
// offset as soon as that record's emits are acknowledged, and sarama commits
// the highest mark: a crash would then skip a record still in flight before it.
type prefix struct {
	room chan struct{} // holds one for each pending record; nil: no bound

	mu      sync.Mutex
	pending []inFlight // by offset, ascending; offsets may have gaps
	next    int64      // the offset to commit
	at      time.Time  // broker time of the last record of the prefix
}

type inFlight struct {
	offset int64
	at     time.Time
	done   bool
}

// newPrefix makes a prefix of which at most so many records are in flight; 0
// is no bound.
func newPrefix(maxInFlight int) *prefix {
	p := &prefix{}
	if maxInFlight > 0 {
		p.room = make(chan struct{}, maxInFlight)
	}
	return p
}

// add notes a record that is handed out, once there is room. It is false if
// stop was closed before. Offsets only rise.
func (p *prefix) add(offset int64, at time.Time, stop <-chan struct{}) bool {
	if p.room != nil {
		select {
		case p.room <- struct{}{}:
		case <-stop:
			return false
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pending = append(p.pending, inFlight{offset: offset, at: at})
	return true
}

// done notes that a record is done, and tells the offset to commit and the
// broker time reached; moved is false if the prefix is no longer than before.
func (p *prefix) done(offset int64) (next int64, at time.Time, moved bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := sort.Search(len(p.pending), func(i int) bool { return p.pending[i].offset >= offset })
	if i == len(p.pending) || p.pending[i].offset != offset {
		return p.next, p.at, false
	}
	p.pending[i].done = true
	n := 0
	for n < len(p.pending) && p.pending[n].done {
		p.next, p.at = p.pending[n].offset+1, p.pending[n].at
		n++
		if p.room != nil {
			<-p.room
		}
	}
	p.pending = p.pending[n:]
	return p.next, p.at, n > 0
}
