// Package standstill tells the watchers of games that the clocks stand still because
// nobody can move, and when they run again (ADR 32). It follows the pulses that the
// games processors have handled: where none comes, nothing is decided.
package standstill

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tabiya/internal/core/game"
	"tabiya/internal/core/outage"
	"tabiya/schemas"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/outbox"
)

const (
	// silence is how long after a pulse was read the clocks of its partition are said
	// to stand still, if no other comes.
	silence = outage.Tolerance + 500*time.Millisecond
	// checkEvery is the time between two looks for what has changed.
	checkEvery = 250 * time.Millisecond
)

// Tracker follows the pulses of each partition.
type Tracker struct {
	games       *held.Games
	pulseKeyOf  func(gameID string) string
	silentAfter time.Duration

	mu         sync.Mutex
	partitions map[string]*partition // by pulse key
}

// partition is what the pulses of one partition tell.
type partition struct {
	gaps   outage.Gaps
	pulses int64     // read
	readAt time.Time // the last one
	still  bool      // no pulse comes
	tell   bool      // watchers are to be told that pulses come again
}

// New creates a Tracker. pulseKeyOf returns the pulse key of a game's partition, or ""
// if it is not known yet.
func New(games *held.Games, pulseKeyOf func(gameID string) string) *Tracker {
	return &Tracker{games: games, pulseKeyOf: pulseKeyOf, silentAfter: silence, partitions: make(map[string]*partition)}
}

// OnReply handles a reply that was read from command-replies; only a PulseHandled
// matters.
func (t *Tracker) OnReply(r schemas.Reply) {
	if r.Type != schemas.PulseHandled || !schemas.IsPulseKey(r.Key) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.partitions[r.Key]
	if p == nil {
		p = &partition{}
		t.partitions[r.Key] = p
	}
	p.pulses++
	p.gaps.Pulse(r.OccurredAt, p.pulses)
	p.readAt = time.Now()
	p.tell, p.still = p.tell || p.still, false
}

// Run tells watchers what has changed, until ctx is done. It does so for all partitions
// at once, since an outage mostly hits several and every held game is looked at.
func (t *Tracker) Run(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if changed := t.changed(now); len(changed) > 0 {
				t.tell(changed)
			}
		}
	}
}

// changed returns the partitions that have become silent, or are not any more.
func (t *Tracker) changed(now time.Time) map[string]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	keys := make(map[string]bool)
	for key, p := range t.partitions {
		if !p.still && now.Sub(p.readAt) > t.silentAfter {
			p.still, p.tell, keys[key] = true, false, true
		}
		if p.tell {
			p.tell, keys[key] = false, true
		}
	}
	return keys
}

// tell sends the watchers of all games of those partitions what Note returns.
func (t *Tracker) tell(keys map[string]bool) {
	t.games.SendNotes(func(s *game.State) (outbox.Item, bool) {
		key := t.pulseKeyOf(s.ID)
		if !keys[key] {
			return outbox.Item{}, false
		}
		return t.note(key, s, true)
	})
}

// Note returns the message for a new watcher of a game. ok is false if there is
// nothing to tell: the clocks run, and the game's deadline is what its state says.
func (t *Tracker) Note(s *game.State) (note outbox.Item, ok bool) {
	return t.note(t.pulseKeyOf(s.ID), s, false)
}

func (t *Tracker) note(key string, s *game.State, goesOn bool) (note outbox.Item, ok bool) {
	if s == nil || s.Over() {
		return outbox.Item{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.partitions[key]
	switch {
	case p == nil:
		return outbox.Item{}, false
	case p.still:
		return outbox.ClocksItem(`{"type":"clocks","running":false}`), true
	}
	_, _, runsAt, found := p.gaps.LastGap()
	if !found {
		return outbox.Item{}, false
	}
	unsettled := p.gaps.Ended().Centis(s.Clock.UnsettledFrom(), runsAt)
	if unsettled == 0 && !goesOn {
		return outbox.Item{}, false
	}
	return outbox.ClocksItem(fmt.Sprintf(`{"type":"clocks","running":true,"runsAt":%q,"deadlineAt":%q}`,
		runsAt, s.Deadline()+schemas.Time(10*unsettled))), true
}
