package player

import (
	"fmt"
	"math"
	"time"

	"tabiya/schemas"
)

// Missed counts the games that the player did not begin, or aborted.
type Missed struct {
	Games int
	At    schemas.Time // of the last one
}

const (
	// missedFor is how long a missed game counts after the last one.
	missedFor = time.Hour
	// missedFree is how many games may be missed without a wait.
	missedFree = 1
	// missedWait is the wait after the first one beyond. Each further one doubles it.
	missedWait = 30 * time.Second
	// maxMissedWait bounds the wait.
	maxMissedWait = 15 * time.Minute
)

// add counts one more missed game.
func (m Missed) add(at schemas.Time) Missed {
	if at > m.At.Add(missedFor) {
		m.Games = 0
	}
	return Missed{min(m.Games+1, 100), at}
}

// forgive takes one missed game off, for a rated game that was played.
func (m Missed) forgive() Missed {
	if m.Games <= 1 {
		return Missed{}
	}
	m.Games--
	return m
}

// Until returns when the player may join a queue again.
func (m Missed) Until() schemas.Time {
	beyond := m.Games - missedFree
	if beyond <= 0 {
		return 0
	}
	return m.At.Add(min(maxMissedWait, missedWait<<min(beyond-1, 10)))
}

// WaitDetail tells a player how long they have to wait for their next join.
func (m Missed) WaitDetail(at schemas.Time) string {
	seconds := math.Ceil(m.Until().Std().Sub(at.Std()).Seconds())
	return fmt.Sprintf("You did not begin %d games, or aborted them. You may join a queue in %.0f seconds.", m.Games, max(seconds, 1))
}
