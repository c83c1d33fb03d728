package livegame_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// 200 players and 200 watchers, each cut 20 times in a game, while instances are closed
// and started and the processor too: what each has joined is the log, with no gap
// and no repeat, though he hardly ever came back to the same instance.
func TestWhateverIsCutTheJoinedStreamIsTheLog(t *testing.T) {
	const people, cuts, instances = 200, 20, 3
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r := bareRig(t)
	stopProcessor := r.startProcessor()
	var (
		serving  []*instance
		fleet    = &fleet{}
		readers  []*reader
		everyone sync.WaitGroup
	)
	for range instances {
		serving = append(serving, r.startOther())
	}
	fleet.set(serving)
	r.instance = serving[0]
	follow := func(name string, who *reader, hear func(frame) error) {
		readers = append(readers, who)
		everyone.Go(func() {
			if err := who.follow(ctx, hear); err != nil {
				t.Errorf("%s of %s: %v", name, who.gameID, err)
			}
		})
	}
	moves := knights()[:40]
	for range people / 2 {
		id := r.newGame()
		for side, player := range []person{r.white, r.black} {
			m := &mover{reader{fleet: fleet, gameID: id, token: player.token, cuts: cuts}, side, moves}
			follow("a player", &m.reader, func(f frame) error { return m.hear(ctx, f) })
			w := &reader{fleet: fleet, gameID: id, cuts: cuts}
			follow("a watcher", w, func(frame) error { return nil })
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		everyone.Wait()
	}()
	restarts := 0
	for playing := true; playing; restarts++ {
		// The new one first: at least two serve at any moment.
		serving = append(serving, r.startOther())
		old := serving[0]
		serving = serving[1:]
		fleet.set(serving)
		if restarts%2 == 1 {
			old.server.CloseClientConnections() // in the middle of a line
		}
		old.stop()
		if restarts%3 == 1 {
			stopProcessor()
			stopProcessor = r.startProcessor()
		}
		select {
		case <-done:
			playing = false
		case <-time.After(100 * time.Millisecond):
		}
	}
	log := r.logs()
	for n, who := range readers {
		if want := log[who.gameID]; !slices.Equal(who.joined, want) || len(want) < 2+len(moves)+1 || who.cuts > 0 {
			t.Errorf("reader %d of %s joined %d events of %d, with %d cuts to come", n, who.gameID, len(who.joined), len(want), who.cuts)
		}
	}
	t.Logf("%d players and watchers, %d cuts each, %d restarts", len(readers), cuts, restarts)
}

// logs is every game's events as they are in the topic.
func (r *rig) logs() map[string][]string {
	r.t.Helper()
	all := make(map[string][]string)
	err := kafka.ReadAll(r.t.Context(), r.Config, schemas.GameEvents, func(rec *kgo.Record) error {
		all[string(rec.Key)] = append(all[string(rec.Key)], string(rec.Value))
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}
