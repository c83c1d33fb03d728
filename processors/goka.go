package processors

import (
	"errors"

	"github.com/lovoo/goka"

	"tabiya/schemas"
)

// graph is the group: one input, the table, and every topic that a message of a
// Core may be for.
func (s *session[R]) graph() *goka.GroupGraph {
	table := s.p.table
	edges := []goka.Edge{
		goka.Input(goka.Stream(table.Commands), commandCodec{}, s.handle),
		goka.Output(goka.Stream(schemas.DeadLetter(table.Commands)), rawCodec{}),
		goka.Persist(rawCodec{}),
	}
	for _, topic := range []string{
		schemas.PlayerCommands, schemas.QueueCommands, schemas.GameCommands,
		schemas.PlayerEvents, schemas.QueueEvents, schemas.GameEvents,
		schemas.CommandReplies,
	} {
		var codec goka.Codec = rawCodec{}
		if topic == table.Commands { // one codec a topic: it reads commands and writes bytes
			codec = commandCodec{}
		}
		edges = append(edges, goka.Output(goka.Stream(topic), codec))
	}
	return goka.DefineGroup(goka.Group(table.Group), edges...)
}

// input is a record of the commands topic: a command, or why it is none.
type input struct {
	cmd schemas.Command
	raw []byte
	err error
}

// commandCodec never fails, as an error would stop Goka: what cannot be decoded
// is a value too, for the dead letters.
type commandCodec struct{ rawCodec }

func (commandCodec) Decode(data []byte) (any, error) {
	cmd, err := schemas.DecodeCommand(data)
	return input{cmd, data, err}, nil
}

// rawCodec hands bytes through: rows and messages are encoded before Goka.
type rawCodec struct{}

func (rawCodec) Encode(value any) ([]byte, error) {
	b, ok := value.([]byte)
	if !ok {
		return nil, errors.New("only bytes are emitted")
	}
	return b, nil
}

func (rawCodec) Decode(data []byte) (any, error) { return data, nil }
