package schemas

import (
	"strconv"
	"strings"
	"time"
)

// SignOfLife is the key of a record in BrokerClock by which a livegame instance says,
// every SignOfLifeEvery, that it takes moves.
const (
	SignOfLife      = "livegame"
	SignOfLifeEvery = 500 * time.Millisecond
)

// InstanceSign begins the key of a record in BrokerClock by which an instance of the
// matchmaking service says, every InstanceSignEvery, that it holds the leases of its
// players' tickets. The rest of the key is the instance's id.
const (
	InstanceSign      = "matchmaking/"
	InstanceSignEvery = time.Second
)

// pulsePrefix begins the keys of pulses. No game has such an id: ids are UUIDs.
const pulsePrefix = "pulse-"

// PulseKey returns the n-th key that pulses can have. A partition's is the first one
// that hashes to it: kafka.PulseKeyOf.
func PulseKey(n int) string { return pulsePrefix + strconv.Itoa(n) }

// IsPulseKey reports whether a key of game-commands or games-table is a partition's
// and not a game's.
func IsPulseKey(key string) bool { return strings.HasPrefix(key, pulsePrefix) }
