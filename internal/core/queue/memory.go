package queue

import "tabiya/schemas"

// OutboxEntries is how many commands a row can say again. It is written with
// every command, so it is small; no more of them may be in flight at a time.
const OutboxEntries = 64

// prune drops what has arrived since.
func (s *State) prune() {
	s.Outbox = s.Outbox[max(0, len(s.Outbox)-OutboxEntries):]
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
