package processors

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/lovoo/goka"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// graph declares the group: one input, the table, and every topic that a message
// of a Core may go to.
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
		if topic == table.Commands { // Goka allows one codec a topic
			codec = commandCodec{}
		}
		edges = append(edges, goka.Output(goka.Stream(topic), codec))
	}
	return goka.DefineGroup(goka.Group(table.Group), edges...)
}

func (s *session[R]) options() []goka.ProcessorOption {
	cfg := s.p.cfg.Kafka
	return []goka.ProcessorOption{
		goka.WithLogger(gokaLog{s.p.logger}),
		goka.WithHasher(kafka.Hasher()),
		goka.WithProducerBuilder(kafka.GokaProducer(s.producer, s.onSend)),
		goka.WithTopicManagerBuilder(kafka.GokaTopics(cfg)),
		goka.WithConsumerGroupBuilder(s.member.Goka(maxStop, s.producer.Abort, s.isGivenUp)),
		goka.WithConsumerSaramaBuilder(kafka.GokaConsumer(cfg)),
		goka.WithStorageBuilder(s.openPartition),
		goka.WithUpdateCallback(s.applyRecord),
		goka.WithNilHandling(goka.NilProcess), // handle sends a record without a value to the dead letters
		goka.WithPartitionChannelSize(128),
	}
}

// input is a decoded record of the commands topic: a command, or the error that
// says why it is not one.
type input struct {
	cmd schemas.Command
	raw []byte
	err error
}

// commandCodec decodes commands and encodes bytes. Decode never fails, because an
// error would stop Goka: a malformed record becomes an input with its error.
type commandCodec struct{ rawCodec }

func (commandCodec) Decode(data []byte) (any, error) {
	cmd, err := schemas.DecodeCommand(data)
	return input{cmd, data, err}, nil
}

// rawCodec passes bytes through: rows and messages are encoded before Goka sees
// them.
type rawCodec struct{}

func (rawCodec) Encode(value any) ([]byte, error) {
	b, ok := value.([]byte)
	if !ok {
		return nil, errors.New("rawCodec encodes bytes only")
	}
	return b, nil
}

func (rawCodec) Decode(data []byte) (any, error) { return data, nil }

// gokaLog logs Goka's messages at debug level: those that matter come back as
// errors.
type gokaLog struct{ *slog.Logger }

func (l gokaLog) Print(v ...any)            { l.Debug(fmt.Sprint(v...)) }
func (l gokaLog) Println(v ...any)          { l.Debug(fmt.Sprint(v...)) }
func (l gokaLog) Printf(f string, v ...any) { l.Debug(fmt.Sprintf(f, v...)) }
