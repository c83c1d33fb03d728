package presence

import (
	"sync"
	"time"

	"tabiya/schemas"
)

const (
	// goneAfter is the time after which a player without a connection counts as gone.
	// Reloading a page or changing the network takes less.
	goneAfter = 2 * time.Second
	// checkEvery is the time between two sweeps, which check the seats that are due.
	checkEvery = 250 * time.Millisecond
	// maxChecks limits the commands per sweep, so that moves are not delayed when a
	// proxy drops all connections.
	maxChecks = 256
)

// Seat is one side of a game.
type Seat struct {
	GameID string
	Color  schemas.Color
}

// seatState is what this instance knows of one player in one game.
type seatState struct {
	// open is the number of the player's sockets and streams.
	open int
	// leaving is when the player last said that they leave; zero if a connection was
	// opened after that.
	leaving time.Time
	// left is whether the player left: they said so, and their last connection was
	// closed within goneAfter.
	left bool
	// markedAt is when the player was last marked as present because of a claim.
	markedAt time.Time
}

// seats are the seats with a connection here, and those without one until they
// were checked. What a client does only schedules a check: a client that connects
// and disconnects a thousand times a second is checked once.
type seats struct {
	mu    sync.Mutex
	by    map[Seat]*seatState
	dueAt map[Seat]time.Time
}

func newSeats() *seats {
	return &seats{by: make(map[Seat]*seatState), dueAt: make(map[Seat]time.Time)}
}

// opened counts a new connection. gone is whether the game's state has the player as
// gone.
func (s *seats) opened(at Seat, gone bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.by[at]
	if c == nil {
		c = &seatState{}
		s.by[at] = c
	}
	c.open++
	c.leaving, c.left = time.Time{}, false
	if gone && c.open == 1 {
		s.dueAt[at] = now
	}
}

// closed counts a closed connection. leaving is whether the player said that they
// leave.
func (s *seats) closed(at Seat, leaving bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.by[at]
	c.open--
	if leaving {
		c.leaving = now
	}
	if c.open == 0 {
		// If the player said that they leave long before their last connection was
		// closed, they left one page and lost the connection of another.
		c.left, c.leaving = now.Sub(c.leaving) <= goneAfter, time.Time{}
		s.dueAt[at] = now.Add(goneAfter)
	}
}

// recordedGone schedules a check of a player whom the log has recorded as gone, if they
// are connected here. Another instance has lost their connection then.
func (s *seats) recordedGone(at Seat, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.by[at]; c != nil && c.open > 0 {
		s.dueAt[at] = now
	}
}

// tryMark reports whether to mark a player as present before a claim. It is true if the
// player is connected here, at most once in goneAfter: an earlier mark already
// precedes the claim.
func (s *seats) tryMark(at Seat, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.by[at]
	if c == nil || c.open == 0 || now.Sub(c.markedAt) < goneAfter {
		return false
	}
	c.markedAt = now
	return true
}

// retry schedules another check, after a mark that was not acknowledged.
func (s *seats) retry(at Seat, left bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[at] == nil {
		s.by[at] = &seatState{left: left}
	}
	if _, ok := s.dueAt[at]; !ok {
		s.dueAt[at] = now.Add(goneAfter)
	}
}

// checkUnconnected schedules a check of a player if they have no connection here. The
// game's state has them as present, perhaps because of an instance that was killed.
func (s *seats) checkUnconnected(at Seat, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[at] == nil {
		s.by[at], s.dueAt[at] = &seatState{}, now
	}
}

// due removes and returns the seats whose check is due, at most `most` of them.
func (s *seats) due(now time.Time, most int) map[Seat]seatState {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due map[Seat]seatState
	for at, when := range s.dueAt {
		if now.Before(when) {
			continue
		}
		if due == nil {
			due = make(map[Seat]seatState)
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
