// Package availability tracks whether this instance can answer commands. While it
// cannot, commands are refused at once; otherwise they would pile up during an outage
// of Kafka. It also tracks whether the instance is ready: that state survives a
// missed ping, see package readiness.
package availability

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/readiness"
	"tabiya/schemas"
)

// Monitor watches Kafka and keeps the service's own state; see New.
type Monitor struct {
	// Topics returns an error while the service's topics are not those that hold the
	// games. Nil: they always are.
	Topics func() error

	caughtUp  atomic.Bool
	stopping  atomic.Bool
	kafkaAway atomic.Bool
	// oldestUnacked is the send time of the oldest command that Kafka has not
	// acknowledged, in Unix nanoseconds; 0 if there is none.
	oldestUnacked atomic.Int64
	// availableSince is the end of the last period without commands, in Unix
	// milliseconds.
	availableSince atomic.Int64
	// kafka gets the same observations as kafkaAway, and allows a grace period.
	kafka *readiness.Status
}

var errKafkaAway = errors.New("a ping was not answered, or a command not acknowledged in time")

// New creates a monitor of a service that has not caught up. The instance stays ready
// until Kafka has been away for the grace period.
func New(grace time.Duration) *Monitor {
	return &Monitor{kafka: readiness.New("kafka", grace)}
}

// ackTimeout is how long Kafka may take to acknowledge a command before it counts as
// away.
const ackTimeout = 1500 * time.Millisecond

// WhyNoCommands returns why commands cannot be answered, or "" if they can.
func (m *Monitor) WhyNoCommands() string {
	switch {
	case m.otherTopics():
		return "the topics of the games are not in order"
	case m.kafkaAway.Load():
		return "Kafka is away"
	}
	return m.WhyNoReads()
}

// WhyNoReads returns why games cannot be shown, or "" if they can. An outage of Kafka
// is no reason: the games that were read can still be shown.
func (m *Monitor) WhyNoReads() string {
	switch {
	case m.stopping.Load():
		return "the service is stopping"
	case !m.caughtUp.Load():
		return "the games are still being read"
	}
	return ""
}

// Ready returns nil while requests should be sent to this instance. That includes
// times when commands are refused because of a missed ping: games can be shown,
// watchers stay connected, and another instance most likely misses it too. An outage
// longer than the grace period does count: this instance may be the only one that is
// cut off from Kafka, and then traffic sent elsewhere is served. Topics that are not
// those that hold the games count at once.
func (m *Monitor) Ready() error {
	if m.Topics != nil {
		if err := m.Topics(); err != nil {
			return err
		}
	}
	if why := m.WhyNoReads(); why != "" {
		return errors.New(why)
	}
	return m.kafka.Err()
}

// AvailableSince returns since when commands have been answered without interruption.
func (m *Monitor) AvailableSince() schemas.Time { return schemas.Time(m.availableSince.Load()) }

// SetCaughtUp records that the service has read all that was in the log when it
// started.
func (m *Monitor) SetCaughtUp() {
	if !m.caughtUp.Swap(true) {
		m.availableSince.Store(time.Now().UnixMilli())
	}
	m.kafka.Observe(nil)
}

// SetNotFollowing records that the service no longer follows the log.
func (m *Monitor) SetNotFollowing() { m.caughtUp.Store(false) }

// ClearStopping records that the service has started again, after SetStopping.
func (m *Monitor) ClearStopping() { m.stopping.Store(false) }

// SetStopping records that the service is stopping and takes no more commands.
func (m *Monitor) SetStopping() { m.stopping.Store(true) }

// Stopping reports whether the service is stopping.
func (m *Monitor) Stopping() bool { return m.stopping.Load() }

// SetOldestUnacked sets the send time of the oldest command that Kafka has not
// acknowledged; the zero time if there is none.
func (m *Monitor) SetOldestUnacked(sentAt time.Time) {
	if sentAt.IsZero() {
		m.oldestUnacked.Store(0)
		return
	}
	m.oldestUnacked.Store(sentAt.UnixNano())
}

// Run pings Kafka until ctx is done.
func (m *Monitor) Run(ctx context.Context, client *kgo.Client) {
	readiness.Ping(ctx, client.Ping, func(err error) {
		m.setKafkaAway(err != nil || m.acksLate() || m.otherTopics())
	})
}

func (m *Monitor) setKafkaAway(away bool) {
	if away {
		m.kafka.Observe(errKafkaAway)
	} else {
		m.kafka.Observe(nil)
	}
	if !away && m.kafkaAway.Load() {
		m.availableSince.Store(time.Now().UnixMilli())
	}
	m.kafkaAway.Store(away)
}

func (m *Monitor) otherTopics() bool { return m.Topics != nil && m.Topics() != nil }

func (m *Monitor) acksLate() bool {
	sentAt := m.oldestUnacked.Load()
	return sentAt != 0 && time.Since(time.Unix(0, sentAt)) > ackTimeout
}
