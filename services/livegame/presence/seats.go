package presence

import (
	"sync"
	"time"

	"tabiya/schemas"
)

const (
	// absentAfter is how long a player has no connection before they count as gone: a
	// page that is reloaded, or a change of network, takes that long.
	absentAfter = 2 * time.Second
	// checkEvery is how often seats that are due are checked, and maxChecks how many
	// of them at once: when a proxy drops every connection, the players who come back
	// must find room in the log for their moves.
	checkEvery = 250 * time.Millisecond
	maxChecks  = 256
)

// Seat is one side of a game.
type Seat struct {
	GameID string
	Color  schemas.Color
}

// connections are what is known here of one player in one game.
type connections struct {
	open     int       // sockets and streams
	leaving  time.Time // when the player last said that they leave, since the first connection opened
	left     bool      // and the last connection ended soon after
	markedAt time.Time // when the player was last marked as present because of a claim
}

// seats are the seats with a connection here, and those without one until they
// were checked. What a client does only schedules a check: a client that connects
// and disconnects a thousand times a second is checked once.
type seats struct {
	mu    sync.Mutex
	by    map[Seat]*connections
	dueAt map[Seat]time.Time
}

func newSeats() *seats {
	return &seats{by: make(map[Seat]*connections), dueAt: make(map[Seat]time.Time)}
}

// opened counts a connection. gone is whether the game believes the player to be gone.
func (s *seats) opened(at Seat, gone bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.by[at]
	if c == nil {
		c = &connections{}
		s.by[at] = c
	}
	c.open++
	c.leaving, c.left = time.Time{}, false
	if gone && c.open == 1 {
		s.dueAt[at] = now
	}
}

// closed ends opened. leaving is whether the player said that they leave.
func (s *seats) closed(at Seat, leaving bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.by[at]
	c.open--
	if leaving {
		c.leaving = now
	}
	if c.open == 0 {
		// A player who said so long before the last connection ended has left one
		// page, and lost the connection of another.
		c.left, c.leaving = now.Sub(c.leaving) <= absentAfter, time.Time{}
		s.dueAt[at] = now.Add(absentAfter)
	}
}

// recordedGone schedules a check of a player that the log has recorded as gone:
// another instance lost their connection, and they may be connected here.
func (s *seats) recordedGone(at Seat, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.by[at]; c != nil && c.open > 0 {
		s.dueAt[at] = now
	}
}

// mayMark reports whether a player that the game believes to be gone is connected
// here, at most once in absentAfter: what was marked then is in the log before
// what follows.
func (s *seats) mayMark(at Seat, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.by[at]
	if c == nil || c.open == 0 || now.Sub(c.markedAt) < absentAfter {
		return false
	}
	c.markedAt = now
	return true
}

// retry schedules another check, after a mark that Kafka did not take.
func (s *seats) retry(at Seat, left bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[at] == nil {
		s.by[at] = &connections{left: left}
	}
	if _, ok := s.dueAt[at]; !ok {
		s.dueAt[at] = now.Add(absentAfter)
	}
}

// checkUnconnected schedules a check of a player who has no connection here: the
// game believes them to be present, perhaps by the mark of an instance that is gone.
func (s *seats) checkUnconnected(at Seat, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[at] == nil {
		s.by[at], s.dueAt[at] = &connections{}, now
	}
}

// due removes and returns at most so many seats whose check is due.
func (s *seats) due(now time.Time, most int) map[Seat]connections {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due map[Seat]connections
	for at, when := range s.dueAt {
		if now.Before(when) {
			continue
		}
		if due == nil {
			due = make(map[Seat]connections)
		}
		due[at] = *s.by[at]
		delete(s.dueAt, at)
		if s.by[at].open == 0 {
			delete(s.by, at)
		}
		if len(due) == most {
			break
		}
	}
	return due
}
