package processors

import (
	"sync"
	"time"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// unseenAfter is how long what a partition told may be on its way to the log until the
// partition sends no pulse: nobody sees a move whose event cannot be written.
const unseenAfter = time.Second

// unacknowledged watches records of one topic and partition that are written in order.
// The zero value watches none yet.
type unacknowledged struct {
	mu    sync.Mutex
	n     int
	since time.Time // of the last acknowledgement, or when the first of the n was sent
}

func (u *unacknowledged) sent(now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.n == 0 {
		u.since = now
	}
	u.n++
}

func (u *unacknowledged) acknowledged(now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.n--
	u.since = now
}

// longerThan reports whether records wait, and none was acknowledged for d.
func (u *unacknowledged) longerThan(d time.Duration, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.n > 0 && now.Sub(u.since) > d
}

// told returns the records of a topic that players see, nil for any other topic.
func (p *partition[R]) told(topic string) *unacknowledged {
	switch {
	case p.pulses == nil:
		return nil
	case topic == p.s.p.table.Events:
		return &p.events
	case topic == schemas.CommandReplies:
		return &p.replies
	}
	return nil
}

// seen reports whether what the partition tells reaches the log.
func (p *partition[R]) seen() bool {
	now := time.Now()
	return !p.events.longerThan(unseenAfter, now) && !p.replies.longerThan(unseenAfter, now)
}

// onSend is called before Goka writes a record. It returns what to call with the
// record's offset, if somebody waits for it.
func (s *session[R]) onSend(topic, key string) func(offset int64, err error) {
	if topic != s.p.table.Topic && topic != s.p.table.Events && topic != schemas.CommandReplies {
		return nil
	}
	p := s.partition(kafka.PartitionOf(key, s.commandPartitions))
	if p == nil {
		return nil
	}
	if topic == s.p.table.Topic {
		p.foreign.sent()
		return p.foreign.acknowledged
	}
	told := p.told(topic)
	if told == nil {
		return nil
	}
	told.sent(time.Now())
	return func(int64, error) { told.acknowledged(time.Now()) }
}
