package schemas

// ReplyType names a reply.
type ReplyType string

const (
	// CommandRejected says that the command was refused and changed nothing.
	CommandRejected ReplyType = "CommandRejected"
	// CommandRepeated says that the command was accepted before; its first event
	// has number Seq.
	CommandRepeated ReplyType = "CommandRepeated"
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
}
