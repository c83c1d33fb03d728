package processors

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// Limits of the refusals that a partition remembers. A livegame instance remembers
// refusals too and answers repeats from its own memory. The processor's memory closes
// one gap: a client is refused through one instance and repeats the command through
// another, which has not read the refusal yet.
const (
	maxRefusals   = 4096
	maxRefusalAge = 10 * time.Minute
)

// refusals remembers the commands of a partition that were refused lately, so
// that a repeated one is not accepted because the row has changed. They are not
// kept in the row, since a client could grow it with them.
type refusals struct {
	replies *lru.Cache[commandName, schemas.Reply]
}

// commandName is a command's id within its aggregate.
type commandName struct{ key, commandID string }

func newRefusals() *refusals {
	replies, err := lru.New[commandName, schemas.Reply](maxRefusals)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &refusals{replies}
}

// add remembers the reply if it is a refusal. CodeKeyReused is left out: it says
// that the id was used with another content and nothing about the first use.
func (r *refusals) add(reply schemas.Reply) {
	if reply.Type == schemas.CommandRejected && reply.Code != schemas.CodeKeyReused {
		r.replies.Add(commandName{reply.Key, reply.CommandID}, reply)
	}
}

// addRecord adds a record of the replies topic, written by a previous owner of the
// partition. It skips malformed records and replies to another topic's commands.
func (r *refusals) addRecord(rec *kgo.Record, commands string) {
	reply, err := schemas.DecodeReply(rec.Value)
	if err == nil && schemas.CommandTopic(reply.CommandType) == commands {
		r.add(reply)
	}
}

// repeat returns the refusal to send for a command that was refused before; ok is
// false if it was not.
func (r *refusals) repeat(cmd schemas.Command, at schemas.Time) (reply schemas.Reply, ok bool) {
	reply, ok = r.replies.Get(commandName{cmd.Key, cmd.ID})
	reply.CommandType, reply.Actor, reply.Region, reply.OccurredAt = cmd.Type, cmd.Actor, cmd.Region, at
	return reply, ok
}
