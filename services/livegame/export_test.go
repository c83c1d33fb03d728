package livegame

import (
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"tabiya/schemas"
)

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
func (s *Service) AvailableSince() schemas.Time { return s.availability.Since() }
