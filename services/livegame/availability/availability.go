// Package availability says whether this instance can answer commands at present.
// While it cannot, commands are refused at once instead of piling up behind a
// broker that is away.
package availability

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// Monitor is what is known of Kafka and of the service's own state. The zero value
// has not caught up.
type Monitor struct {
	// Topics returns an error while the service's topics are not those that hold the
	// games. Nil: they always are.
	Topics func() error

	caughtUp  atomic.Bool
	stopping  atomic.Bool
	kafkaAway atomic.Bool
	// oldestUnacked is when the oldest command was sent that Kafka has not
	// acknowledged yet, in Unix nanoseconds; 0 if there is none.
	oldestUnacked atomic.Int64
	// since is when commands could last not be answered, in Unix milliseconds.
	since atomic.Int64
}

const (
	pingEvery   = 500 * time.Millisecond
	pingTimeout = time.Second
	// ackTimeout is how long Kafka may take for a command before it counts as away.
	ackTimeout = 1500 * time.Millisecond
)

// CommandsRefused says why no command can be answered; empty if commands can.
func (m *Monitor) CommandsRefused() string {
	switch {
	case m.otherTopics():
		return "the topics of the games are not in order"
	case m.kafkaAway.Load():
		return "Kafka is away"
	}
	return m.ReadsRefused()
}

// ReadsRefused says why no game can be shown; empty if games can. What was read
// may be shown while Kafka is away.
func (m *Monitor) ReadsRefused() string {
	switch {
	case m.stopping.Load():
		return "the service is stopping"
	case !m.caughtUp.Load():
		return "the games are still being read"
	}
	return ""
}

// Since is since when commands have been answered without interruption.
func (m *Monitor) Since() schemas.Time { return schemas.Time(m.since.Load()) }

// SetCaughtUp notes that the service has read what was in the log at its start.
func (m *Monitor) SetCaughtUp() {
	if !m.caughtUp.Swap(true) {
		m.since.Store(time.Now().UnixMilli())
	}
}

// SetBehind notes that the service does not follow the log any more.
func (m *Monitor) SetBehind() { m.caughtUp.Store(false) }

// SetStarting notes that the service begins to read the log.
func (m *Monitor) SetStarting() { m.stopping.Store(false) }

// SetStopping notes that the service takes no more commands.
func (m *Monitor) SetStopping() { m.stopping.Store(true) }

// Stopping reports whether the service takes no more commands.
func (m *Monitor) Stopping() bool { return m.stopping.Load() }

// SetOldestUnacked notes when the oldest command was sent that Kafka has not
// acknowledged yet; the zero time if there is none.
func (m *Monitor) SetOldestUnacked(at time.Time) {
	if at.IsZero() {
		m.oldestUnacked.Store(0)
		return
	}
	m.oldestUnacked.Store(at.UnixNano())
}

// Run pings Kafka until ctx is done.
func (m *Monitor) Run(ctx context.Context, client *kgo.Client) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		bounded, cancel := context.WithTimeout(ctx, pingTimeout)
		err := client.Ping(bounded)
		cancel()
		if ctx.Err() == nil {
			m.setKafkaAway(err != nil || m.acksLate() || m.otherTopics())
		}
	}
}

func (m *Monitor) setKafkaAway(away bool) {
	if !away && m.kafkaAway.Load() {
		m.since.Store(time.Now().UnixMilli())
	}
	m.kafkaAway.Store(away)
}

func (m *Monitor) otherTopics() bool { return m.Topics != nil && m.Topics() != nil }

func (m *Monitor) acksLate() bool {
	at := m.oldestUnacked.Load()
	return at != 0 && time.Since(time.Unix(0, at)) > ackTimeout
}
