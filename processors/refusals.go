package processors

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// Bounds of what a partition remembers of its refusals. The services remember
// as much; here it closes the moment in which a client that was refused by one
// instance asks another, which has not read the refusal yet.
const (
	rememberedRefusals = 4096
	refusalsFor        = 10 * time.Minute
)

// refusals are the commands of a partition that were refused lately: one of
// them, sent again, is not accepted because the row has changed meanwhile. A
// row does not know them, since a refusal must not let a client grow it.
type refusals struct {
	lately *lru.Cache[refusal, schemas.Reply]
}

type refusal struct{ key, commandID string }

func newRefusals() *refusals {
	lately, err := lru.New[refusal, schemas.Reply](rememberedRefusals)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &refusals{lately}
}

// add remembers a refusal; not that an id was used for something else, which is
// no word on what it was first used for.
func (r *refusals) add(reply schemas.Reply) {
	if reply.Type == schemas.CommandRejected && reply.Code != schemas.CodeKeyReused {
		r.lately.Add(refusal{reply.Key, reply.CommandID}, reply)
	}
}

// again is the refusal of a command that was refused before, as said anew.
func (r *refusals) again(cmd schemas.Command, at schemas.Time) (schemas.Reply, bool) {
	reply, ok := r.lately.Get(refusal{cmd.Key, cmd.ID})
	reply.CommandType, reply.Actor, reply.Region, reply.OccurredAt = cmd.Type, cmd.Actor, cmd.Region, at
	return reply, ok
}

// hear takes a record of the replies: what the partition's owners before this one
// have refused. What is no reply answers nobody.
func (r *refusals) hear(rec *kgo.Record, commands string) {
	reply, err := schemas.DecodeReply(rec.Value)
	if err == nil && schemas.CommandTopic(reply.CommandType) == commands {
		r.add(reply)
	}
}
