package queue

import (
	"time"

	"tabiya/schemas"
)

// How much of the outbox a row keeps. All of it is written with every command.
const (
	factsKept    = 256 // facts, in whole entries
	entriesLeast = 16  // entries kept whatever their age and size
	outboxAge    = 2 * time.Minute
)

// prune drops what was said long enough ago.
func (s *State) prune(at schemas.Time) {
	facts := 0
	for i := range s.Outbox {
		facts += s.Outbox[i].Count
	}
	for len(s.Outbox) > entriesLeast && (facts > factsKept || s.Outbox[0].At < at.Add(-outboxAge)) {
		facts -= s.Outbox[0].Count
		s.Outbox = s.Outbox[1:]
	}
}

// maxPartitions bounds the memory of origins.
const maxPartitions = 1 << 14

func validOrigin(o schemas.Origin) bool {
	return o.Partitions > 0 && o.Partitions <= maxPartitions && o.Partition >= 0 && o.Partition < o.Partitions && o.Offset >= 0
}

// advance notes that a command from that place was here. It is false if it was
// here before: from one partition commands arrive in order, however often they
// are sent. When player-commands was scaled to more partitions, nothing of
// before is on its way any more, and counting starts anew.
func (s *State) advance(o schemas.Origin) bool {
	switch {
	case o.Partitions < s.Partitions:
		return false
	case o.Partitions > s.Partitions:
		s.Partitions, s.Next = o.Partitions, nil
	}
	for int(o.Partition) >= len(s.Next) {
		s.Next = append(s.Next, 0)
	}
	if o.Offset < s.Next[o.Partition] {
		return false
	}
	s.Next[o.Partition] = o.Offset + 1
	return true
}
