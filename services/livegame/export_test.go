package livegame

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"tabiya/schemas"
)

const Patience = patience

// EvictBy makes a clock decide when finished games are evicted.
func EvictBy(now func() time.Time) func(*Config) { return func(c *Config) { c.now = now } }

// WriteWithin gives a socket's client so long for what it is sent.
func WriteWithin(limit time.Duration) func(*Config) { return func(c *Config) { c.writeLimit = limit } }

// MendFaster makes the pauses between two readings of the table short.
func (s *Service) MendFaster() { s.mender.pause = time.Millisecond }

// CutOff is how many slow readers were cut off.
func (s *Service) CutOff() float64 { return countOf(s.metrics.cutOff) }

// Rereads is how often the table was read again.
func (s *Service) Rereads() float64 { return countOf(s.metrics.rereads) }

func countOf(c prometheus.Counter) float64 {
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		panic(err)
	}
	return m.GetCounter().GetValue()
}

// Remembers reports whether the refusal of a command has been read.
func (s *Service) Remembers(gameID, commandID string) bool {
	return s.answers.refused.Contains(commandKey{gameID, commandID})
}

// ForgetFinished makes the service read finished games from the log.
func (s *Service) ForgetFinished() { s.bygones.kept.Purge() }

func (s *Service) OpenSince() schemas.Time { return s.openSince() }
