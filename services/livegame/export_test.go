package livegame

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"tabiya/schemas"
)

// EvictByClock makes a clock decide when finished games are evicted.
func EvictByClock(now func() time.Time) func(*Config) { return func(c *Config) { c.now = now } }

// WriteTimeout sets how long a socket's client may take for what it is sent.
func WriteTimeout(d time.Duration) func(*Config) { return func(c *Config) { c.writeTimeout = d } }

// TooSlow is how many slow readers were cut off.
func (s *Service) TooSlow() float64 { return countOf(s.metrics.tooSlow) }

// Rereads is how often the table was read again.
func (s *Service) Rereads() float64 { return countOf(s.metrics.rereads) }

func countOf(c prometheus.Counter) float64 {
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		panic(err)
	}
	return m.GetCounter().GetValue()
}

// RemembersRefusal reports whether the refusal of a command has been read.
func (s *Service) RemembersRefusal(gameID, commandID string) bool {
	return s.commands.RemembersRefusal(gameID, commandID)
}

// ForgetFinished makes the service read finished games from the log.
func (s *Service) ForgetFinished() { s.finished.ForgetAll() }

// AvailableSince is since when commands have been answered.
func (s *Service) AvailableSince() schemas.Time { return s.availability.AvailableSince() }
