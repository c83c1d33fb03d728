package schemas

import "time"

// The topics. Commands are imperative, events past tense, tables nouns. Within
// an aggregate all three have the same number of partitions, and a key has the
// same partition in each of them.
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

	// CommandReplies carries refusals and repeats, never facts.
	CommandReplies = "command-replies"

	// BrokerClock carries ticks: a sink writes one and reads it back to learn
	// what time the broker has. One partition.
	BrokerClock = "broker-clock"
)

// Goka consumer groups. A group's table topic is the group's name + "-table".
const (
	PlayersGroup     = "players"
	MatchmakingGroup = "matchmaking"
	GamesGroup       = "games"
)

// Record headers. They repeat what a sink needs to place a record without
// parsing its value.
const (
	HeaderType   = "event-type" // the envelope's event, command or reply type
	HeaderRegion = "region"
	HeaderRow    = "row"    // game-events, behind a game's last move: its row as games-table has it, or a later one
	HeaderReason = "reason" // dead-letter topics: why the record could not be decoded
	HeaderSource = "source" // dead-letter topics: "<topic>/<partition>/<offset>" of the record
)

// DeadLetter names the topic that takes what cannot be decoded from topic.
func DeadLetter(topic string) string { return topic + "-dead" }

// Cleanup says how a topic forgets.
type Cleanup string

const (
	Compact Cleanup = "compact" // the last record of each key is kept for ever
	Delete  Cleanup = "delete"  // records older than Retention go
)

// Topic is how one topic has to be created.
type Topic struct {
	Name string
	// Partitioned topics get the partition count the operator asked for; the
	// others have one partition.
	Partitioned bool
	Cleanup     Cleanup
	// Retention of a Delete topic; 0 keeps everything: events are the database.
	Retention time.Duration
}

// Topics lists every topic of the system.
func Topics() []Topic {
	const week = 7 * 24 * time.Hour
	topics := []Topic{
		{PlayersTable, true, Compact, 0},
		{MatchmakingTable, true, Compact, 0},
		{GamesTable, true, Compact, 0},
		{CommandReplies, true, Delete, time.Hour},
		{DeadLetter(CommandReplies), false, Delete, 4 * week},
		{BrokerClock, false, Delete, time.Hour},
	}
	for _, commands := range []string{PlayerCommands, QueueCommands, GameCommands} {
		topics = append(topics, Topic{commands, true, Delete, week}, Topic{DeadLetter(commands), false, Delete, 4 * week})
	}
	for _, events := range []string{PlayerEvents, QueueEvents, GameEvents} {
		topics = append(topics, Topic{events, true, Delete, 0}, Topic{DeadLetter(events), false, Delete, 4 * week})
	}
	return topics
}
