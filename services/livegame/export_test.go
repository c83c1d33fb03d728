package livegame

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"tabiya/schemas"
)

// EvictByClock sets the clock that decides when finished games are evicted.
func EvictByClock(now func() time.Time) func(*Config) { return func(c *Config) { c.now = now } }

// WriteTimeout sets how long a socket's client may take to receive 16 KiB.
func WriteTimeout(d time.Duration) func(*Config) { return func(c *Config) { c.writeTimeout = d } }

// TooSlow returns the number of slow readers that were cut off.
func (s *Service) TooSlow() float64 { return countOf(s.metrics.tooSlow) }

// Rereads returns the number of reads of games-table after the start.
func (s *Service) Rereads() float64 { return countOf(s.metrics.rereads) }

func countOf(c prometheus.Counter) float64 {
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		panic(err)
	}
	return m.GetCounter().GetValue()
}

// RemembersRefusal reports whether the refusal of a command was read and is still
// remembered.
func (s *Service) RemembersRefusal(gameID, commandID string) bool {
	return s.commands.RemembersRefusal(gameID, commandID)
}

// ForgetFinished makes the service find finished games in history and the log again.
func (s *Service) ForgetFinished() { s.finished.ForgetAll() }

// AvailableSince returns since when commands have been answered.
func (s *Service) AvailableSince() schemas.Time { return s.availability.AvailableSince() }
