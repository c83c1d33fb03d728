package kafka

import (
	"strconv"
	"strings"
	"time"

	"tabiya/schemas"
)

// Topic configuration keys that are read by name.
const (
	cleanupPolicy  = "cleanup.policy"
	minISR         = "min.insync.replicas"
	retentionTime  = "retention.ms"
	retentionBytes = "retention.bytes"
)

// unlimited is the value of a retention without a limit.
const unlimited = "-1"

// Settings of tables. A recovery reads all that is not compacted: what is younger than
// the lag, the newest segment, and what waits for the cleaner. While it reads, nobody
// can move (docs/adr/0009-stale-owners.md).
const (
	// minCompactionLag is how long superseded rows are kept. Until then, the owner must
	// have noticed that a stale owner wrote an older version behind the newest one.
	minCompactionLag = 15 * time.Second
	// tombstoneRetention is longer than any recovery or view reads, and than a command
	// of a deleted row can be replayed. At 200 finished games a second the tombstones of
	// a day would be more than all rows.
	tombstoneRetention = time.Hour
	tableSegmentBytes  = 4 << 20
)

// setting is the wanted value of one topic configuration.
type setting struct {
	key, value string
	match      match
}

// match says which other values are as good as the wanted one.
type match int

const (
	exactly match = iota
	atLeast       // a larger value, or unlimited
	atMost        // a smaller value
)

// settings returns what a topic is created with and what an existing topic must
// have. It names every setting on which correctness or the time of a recovery
// depends, so that a broker's own defaults never matter.
func (o TopicOptions) settings(t schemas.Topic) []setting {
	settings := []setting{
		{cleanupPolicy, string(t.Cleanup), exactly},
		{"message.timestamp.type", "LogAppendTime", exactly},
		{"max.message.bytes", strconv.Itoa(maxBatchBytes), atLeast},
		{minISR, strconv.Itoa(int(o.MinISR)), exactly},
		// A leader that lacks acknowledged records would lose moves that were answered.
		{"unclean.leader.election.enable", "false", exactly},
	}
	if t.Cleanup == schemas.Compact {
		return append(settings,
			setting{"min.compaction.lag.ms", millis(minCompactionLag), exactly},
			setting{"delete.retention.ms", millis(tombstoneRetention), exactly},
			// Only closed segments are compacted.
			setting{"segment.ms", millis(10 * time.Minute), atMost},
			setting{"segment.bytes", strconv.Itoa(tableSegmentBytes), atMost},
			setting{"min.cleanable.dirty.ratio", "0.1", atMost},
		)
	}
	retention := setting{retentionTime, unlimited, exactly}
	if t.Retention > 0 {
		retention = setting{retentionTime, millis(t.Retention), atLeast}
	}
	return append(settings, retention, setting{retentionBytes, unlimited, exactly})
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// accepts reports whether a topic's value is as wanted.
func (s setting) accepts(value string) bool {
	if s.match == exactly {
		return strings.EqualFold(value, s.value)
	}
	if s.match == atLeast && value == unlimited {
		return true
	}
	is, err := strconv.ParseFloat(value, 64)
	wanted, _ := strconv.ParseFloat(s.value, 64)
	if s.match == atLeast {
		return err == nil && is >= wanted
	}
	return err == nil && is <= wanted
}

// wants returns the values that are accepted, for people.
func (s setting) wants() string {
	return [...]string{exactly: "", atLeast: ">= ", atMost: "<= "}[s.match] + s.value
}
