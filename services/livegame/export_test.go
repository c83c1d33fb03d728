package livegame

import (
	"time"

	dto "github.com/prometheus/client_model/go"
)

// MendFaster makes the pauses between two readings of the table short.
func (s *Service) MendFaster() { s.mender.pause = time.Millisecond }

// CutOff is how many slow readers were cut off.
func (s *Service) CutOff() float64 {
	var m dto.Metric
	if err := s.metrics.cutOff.Write(&m); err != nil {
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
