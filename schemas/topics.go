package schemas

import "time"

// The topics. The commands, table and events of an aggregate have the same number
// of partitions, and a key is on the same partition in each of them.
const (
	PlayerCommands = "player-commands"
	PlayersTable   = "players-table"
	PlayerEvents   = "player-events"

	QueueCommands    = "queue-commands"
	MatchmakingTable = "matchmaking-table"
	QueueEvents      = "queue-events"

	GameCommands = "game-commands"
	GamesTable   = "games-table"
	GameEvents   = "game-events"

	// CommandReplies carries refusals, and answers to repeated commands.
	CommandReplies = "command-replies"

	// BrokerClock has one partition. A client writes a record to it and reads the
	// broker's timestamp back, to learn the broker's time. Livegame instances give
	// their SignOfLife in it.
	BrokerClock = "broker-clock"
)

// Goka consumer groups. A group's table topic is the group's name + "-table".
const (
	PlayersGroup     = "players"
	MatchmakingGroup = "matchmaking"
	GamesGroup       = "games"
)

// Record headers. A sink can place a record by them without parsing its value.
const (
	HeaderType   = "event-type" // the envelope's event, command or reply type
	HeaderRegion = "region"
	HeaderRow    = "row"    // events with CarriesRow: the game's row after the event, or a later one
	HeaderReason = "reason" // dead-letter topics: why the record could not be handled
	HeaderSource = "source" // dead-letter topics: "<topic>/<partition>/<offset>" of the record
)

// DeadLetter returns the name of the dead-letter topic of topic.
func DeadLetter(topic string) string { return topic + "-dead" }

// Cleanup is the cleanup policy of a topic.
type Cleanup string

const (
	Compact Cleanup = "compact" // the last record of each key is kept forever
	Delete  Cleanup = "delete"  // records older than Retention are deleted
)

// Topic describes a topic. internal/kafka/topic_settings.go derives all of its
// broker settings from it.
type Topic struct {
	Name string
	// Partitioned topics have the configured number of partitions, the others have
	// one.
	Partitioned bool
	Cleanup     Cleanup
	// Retention of a Delete topic. 0 keeps everything, as events are the database.
	Retention time.Duration
}

// Topics returns every topic of the system.
func Topics() []Topic {
	const week = 7 * 24 * time.Hour
	topics := []Topic{
		{PlayersTable, true, Compact, 0},
		{MatchmakingTable, true, Compact, 0},
		{GamesTable, true, Compact, 0},
		{CommandReplies, true, Delete, time.Hour},
		{DeadLetter(CommandReplies), false, Delete, 4 * week},
		{BrokerClock, false, Delete, time.Hour},
		{TopologyTopic, false, Compact, 0},
	}
	for _, commands := range []string{PlayerCommands, QueueCommands, GameCommands} {
		topics = append(topics, Topic{commands, true, Delete, week}, Topic{DeadLetter(commands), false, Delete, 4 * week})
	}
	for _, events := range []string{PlayerEvents, QueueEvents, GameEvents} {
		topics = append(topics, Topic{events, true, Delete, 0}, Topic{DeadLetter(events), false, Delete, 4 * week})
	}
	return topics
}
