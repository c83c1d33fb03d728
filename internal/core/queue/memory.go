package queue

import "tabiya/schemas"

// OutboxEntries is how many commands a row can replay, and so how many may be in flight
// at a time. The outbox is written with every command, so it is small.
const OutboxEntries = 64

// prune drops the oldest entries, whose messages have arrived.
func (s *State) prune() {
	s.Outbox = s.Outbox[max(0, len(s.Outbox)-OutboxEntries):]
}

// maxPartitions bounds State.Next.
const maxPartitions = 1 << 14

func validOrigin(o schemas.Origin) bool {
	return o.Partitions > 0 && o.Partitions <= maxPartitions && o.Partition >= 0 && o.Partition < o.Partitions && o.Offset >= 0
}

// advance records that the command with that origin arrived; it returns false if it
// had arrived before. Commands from one partition arrive in order, even if they are
// repeated. After player-commands was scaled to more partitions no older command is in
// flight, so the offsets are reset.
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
