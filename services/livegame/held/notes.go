package held

import (
	"tabiya/internal/core/game"
	"tabiya/services/livegame/outbox"
)

// NoteFor returns a message for the watchers of a game that is not an event; ok is
// false if there is none. It must not block, nor use the game.
type NoteFor func(s *game.State) (note outbox.Item, ok bool)

// SendNotes sends the notes to the watchers of all held games that want them. What
// noteFor returns must not get older while SendNotes runs: a new watcher is told by
// Config.NoteFor, before or after.
func (g *Games) SendNotes(noteFor NoteFor) {
	var woken []*outbox.Outbox
	for i := range g.shards {
		s := &g.shards[i]
		s.mu.RLock()
		games := make([]*Game, 0, len(s.games))
		for _, held := range s.games {
			games = append(games, held)
		}
		s.mu.RUnlock()
		for _, held := range games {
			held.sendNote(noteFor, &woken)
		}
		outbox.WakeAll(woken)
		woken = woken[:0]
	}
}

func (g *Game) sendNote(noteFor NoteFor, woken *[]*outbox.Outbox) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.watchers) == 0 || g.state == nil {
		return
	}
	note, ok := noteFor(g.state)
	if !ok {
		return
	}
	for _, w := range g.watchers {
		if w.WantsCount {
			w.Box.Put(note)
			*woken = append(*woken, w.Box)
		}
	}
}
