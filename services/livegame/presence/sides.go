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
	// checkEvery is the time between two sweeps, which check the sides that are due.
	// goneAfterAttempt is the time after a refused attempt to connect after which a player
	// without a connection counts as gone: a client's pause between two attempts is less.
	goneAfterAttempt = 10 * time.Second
	checkEvery       = 250 * time.Millisecond
	// maxChecks limits the commands per sweep, so that moves are not delayed when a
	// proxy drops all connections.
	maxChecks = 256
)

// Side is one side of a game.
type Side struct {
	GameID string
	Color  schemas.Color
}

// sideState is what this instance knows of one player in one game.
type sideState struct {
	// open is the number of the player's sockets and streams.
	open int
	// leaving is when the player last said that they leave; zero if a connection was
	// opened after that.
	leaving time.Time
	// left is whether the player left: they said so, and their last connection was
	// closed within goneAfter.
	left bool
	// present is until when the player counts as present without a connection, because
	// they tried to connect and were not admitted.
	present time.Time
	// markedAt is when the player was last marked as present because of a claim.
	markedAt time.Time
}

// sides are the sides with a connection here, and those without one until they
// were checked. What a client does only schedules a check: a client that connects
// and disconnects a thousand times a second is checked once.
type sides struct {
	mu    sync.Mutex
	by    map[Side]*sideState
	dueAt map[Side]time.Time
}

func newSides() *sides {
	return &sides{by: make(map[Side]*sideState), dueAt: make(map[Side]time.Time)}
}

// opened counts a new connection. gone is whether the game's state has the player as
// gone.
func (s *sides) opened(at Side, gone bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.by[at]
	if c == nil {
		c = &sideState{}
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
func (s *sides) closed(at Side, leaving bool, now time.Time) {
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

// attempted records an attempt to connect that was refused. gone is whether the game's
// state has the player as gone.
func (s *sides) attempted(at Side, gone bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.by[at]
	if c == nil {
		c = &sideState{}
		s.by[at] = c
	}
	c.present = now.Add(goneAfterAttempt)
	c.leaving, c.left = time.Time{}, false
	if c.open > 0 {
		return
	}
	if gone {
		s.dueAt[at] = now
		return
	}
	s.dueAt[at] = c.present
}

// recordedGone schedules a check of a player whom the log has recorded as gone, if they
// are connected here. Another instance has lost their connection then.
func (s *sides) recordedGone(at Side, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.by[at]; c != nil && c.isPresent(now) {
		s.dueAt[at] = now
	}
}

// isPresent reports whether the player has a connection, or was lately refused one.
func (c *sideState) isPresent(now time.Time) bool { return c.open > 0 || now.Before(c.present) }

// tryMark reports whether to mark a player as present before a claim. It is true if the
// player is connected here, at most once in goneAfter: an earlier mark already
// precedes the claim.
func (s *sides) tryMark(at Side, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.by[at]
	if c == nil || !c.isPresent(now) || now.Sub(c.markedAt) < goneAfter {
		return false
	}
	c.markedAt = now
	return true
}

// retry schedules another check, after a mark that was not acknowledged.
func (s *sides) retry(at Side, left bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[at] == nil {
		s.by[at] = &sideState{left: left}
	}
	if _, ok := s.dueAt[at]; !ok {
		s.dueAt[at] = now.Add(goneAfter)
	}
}

// checkUnconnected schedules a check of a player if they have no connection here. The
// game's state has them as present, perhaps because of an instance that was killed.
func (s *sides) checkUnconnected(at Side, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[at] == nil {
		s.by[at], s.dueAt[at] = &sideState{}, now
	}
}

// due removes and returns the sides whose check is due, at most `most` of them.
func (s *sides) due(now time.Time, most int) map[Side]sideState {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due map[Side]sideState
	for at, when := range s.dueAt {
		if now.Before(when) {
			continue
		}
		if due == nil {
			due = make(map[Side]sideState)
		}
		c := *s.by[at]
		delete(s.dueAt, at)
		switch {
		case c.open > 0:
		case now.Before(c.present):
			s.dueAt[at] = c.present
			c.open = 1 // counts as present
		default:
			delete(s.by, at)
		}
		due[at] = c
		if len(due) == most {
			break
		}
	}
	return due
}
