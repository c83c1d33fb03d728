package schemas

// ReplyType names a reply.
type ReplyType string

const (
	// CommandRejected says that the command was refused and changed nothing.
	CommandRejected ReplyType = "CommandRejected"
	// CommandRepeated says that the command was accepted before; its first event
	// has number Seq.
	CommandRepeated ReplyType = "CommandRepeated"
	// PulseHandled says that the owner of a partition of game-commands has handled
	// its Pulse: the clocks of the partition's games run. Its key is the partition's
	// PulseKey.
	PulseHandled ReplyType = "PulseHandled"
)

// Reply is the envelope of the command-replies topic.
type Reply struct {
	Type        ReplyType
	CommandID   string
	CommandType CommandType
	Key         string // the aggregate's; also the record's key
	Region      string
	Actor       string
	OccurredAt  Time
	Code        Code   // CommandRejected
	Detail      string // CommandRejected: one sentence for human readers
	Seq         int64  // CommandRepeated
	// Outage is the partition's last one; only in a PulseHandled, nil if there was
	// none.
	Outage *Outage
}

// Outage is a time in which the clocks of a partition's games stood still, because
// nobody could move.
type Outage struct {
	From Time `json:"from"`
	To   Time `json:"to"`
	// RunsAt is when the clocks run again, some seconds after To.
	RunsAt Time `json:"runsAt"`
}
