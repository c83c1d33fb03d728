package kafka

import (
	"sort"
	"sync"
	"time"
)

// commitPrefix tracks the records of one partition that are in flight (handed to
// Goka and not done) and computes the offset that is safe to commit: the one
// after the longest run of done records without a gap.
//
// Goka marks a record as soon as everything that its callback emitted is
// acknowledged, which may happen out of order, and sarama commits the highest
// mark. Without commitPrefix, a crash would skip every record that was still in
// flight below that mark.
type commitPrefix struct {
	slots chan struct{} // one element per record in flight; nil for no limit

	mu         sync.Mutex
	records    []inFlight // not yet committable, by ascending offset; offsets may have gaps
	next       int64      // the offset to commit
	brokerTime time.Time  // of the last record below next
}

type inFlight struct {
	offset     int64
	brokerTime time.Time
	done       bool
}

// newCommitPrefix makes a commitPrefix that holds at most maxInFlight records; 0
// means no limit.
func newCommitPrefix(maxInFlight int) *commitPrefix {
	p := &commitPrefix{}
	if maxInFlight > 0 {
		p.slots = make(chan struct{}, maxInFlight)
	}
	return p
}

// add registers a record that is about to be handed to Goka. It blocks while the
// limit is reached and returns false if stop is closed meanwhile. Offsets must
// ascend.
func (p *commitPrefix) add(offset int64, brokerTime time.Time, stop <-chan struct{}) bool {
	if p.slots != nil {
		select {
		case p.slots <- struct{}{}:
		case <-stop:
			return false
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records = append(p.records, inFlight{offset: offset, brokerTime: brokerTime})
	return true
}

// done marks a record as done. It returns the offset to commit and the broker
// time of the last record below it. advanced is false if the offset is the same as
// before.
func (p *commitPrefix) done(offset int64) (next int64, brokerTime time.Time, advanced bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := sort.Search(len(p.records), func(i int) bool { return p.records[i].offset >= offset })
	if i == len(p.records) || p.records[i].offset != offset {
		return p.next, p.brokerTime, false
	}
	p.records[i].done = true
	n := 0
	for n < len(p.records) && p.records[n].done {
		p.next, p.brokerTime = p.records[n].offset+1, p.records[n].brokerTime
		n++
		if p.slots != nil {
			<-p.slots
		}
	}
	p.records = p.records[n:]
	return p.next, p.brokerTime, n > 0
}
