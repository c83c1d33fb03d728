package livegame

import "time"

// MendFaster makes the pauses between two readings of the table short.
func (s *Service) MendFaster() { s.mender.pause = time.Millisecond }
