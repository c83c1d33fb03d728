package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// TopologyTopic is a compacted topic with one record for each aggregate, under the
// aggregate's name: a Topology. A topic of that name can be deleted, created again,
// altered or replaced by a copy; the record says which one holds our data.
const TopologyTopic = "topology"

// Aggregate is an aggregate's name, its topics, and the Goka group that reads the
// commands.
type Aggregate struct{ Name, Group, Commands, Table, Events string }

var aggregates = [...]Aggregate{
	{"player", PlayersGroup, PlayerCommands, PlayersTable, PlayerEvents},
	{"queue", MatchmakingGroup, QueueCommands, MatchmakingTable, QueueEvents},
	{"game", GamesGroup, GameCommands, GamesTable, GameEvents},
}

// Aggregates returns the three aggregates.
func Aggregates() []Aggregate { return aggregates[:] }

// AggregateOf returns the aggregate that a topic belongs to. ok is false for a topic
// of no aggregate.
func AggregateOf(topic string) (a Aggregate, ok bool) {
	for _, a := range aggregates {
		if topic == a.Commands || topic == a.Table || topic == a.Events {
			return a, true
		}
	}
	return Aggregate{}, false
}

// Topology is what the topics of one aggregate are.
type Topology struct {
	Aggregate  string `json:"aggregate"`
	Generation int64  `json:"generation"` // counts the records of the aggregate, from 1
	Format     int    `json:"format"`     // in which rows and events are written; it never falls
	Partitions int32  `json:"partitions"` // of each of the three topics
	// Rebuilding says that the rows of the table are being made again. Until that is
	// finished, the table must not be used.
	Rebuilding bool `json:"rebuilding,omitempty"`

	Commands TopicIdentity `json:"commands"`
	Table    TopicIdentity `json:"table"`
	Events   TopicIdentity `json:"events"`
}

// Topic returns the identity of one of the aggregate's topics, by its name.
func (t Topology) Topic(name string) TopicIdentity {
	switch a, _ := AggregateOf(name); name {
	case a.Commands:
		return t.Commands
	case a.Table:
		return t.Table
	default:
		return t.Events
	}
}

// Encode returns the record's value. Equal topologies have equal bytes.
func (t Topology) Encode() []byte {
	b, err := json.Marshal(t)
	if err != nil {
		panic(err) // there is nothing in it that JSON cannot hold
	}
	return b
}

// DecodeTopology decodes a record of the topology topic. It ignores unknown fields,
// which a later release may have added.
func DecodeTopology(value []byte) (Topology, error) {
	var t Topology
	if err := json.NewDecoder(bytes.NewReader(value)).Decode(&t); err != nil {
		return Topology{}, fmt.Errorf("decode topology: %w", err)
	}
	if err := t.validate(); err != nil {
		return Topology{}, fmt.Errorf("decode topology of %q: %w", t.Aggregate, err)
	}
	return t, nil
}

func (t Topology) validate() error {
	if t.Generation < 1 || t.Generation > MaxGeneration || t.Format < 1 || t.Partitions < 1 {
		return errors.New("generation, format and partitions must be positive")
	}
	for _, topic := range []TopicIdentity{t.Commands, t.Table, t.Events} {
		if _, err := uuid.Parse(topic.ID); err != nil {
			return fmt.Errorf("topic id %q: %w", topic.ID, err)
		}
		if topic.Since > t.Generation {
			return fmt.Errorf("topic %s is of generation %d, beyond %d", topic.ID, topic.Since, t.Generation)
		}
		if err := topic.validate(int(t.Partitions)); err != nil {
			return err
		}
	}
	return nil
}
