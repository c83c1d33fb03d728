package test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"tabiya/internal/client"
	"tabiya/schemas"
)

// The race of a move and the flag of its side.
const (
	duels        = 1000
	duelsAtOnce  = 200
	killsEvery   = 200 // moves that race
	leastOfOrder = 100 // duels in which the move came first, and in which the flag did
	askedAgain   = 300 // the last ones, whose rows are still in the table
)

// A move that comes in the very moment in which its side's flag falls: one
// outcome, the same for both players, for the log, for the archive, and when the
// games processors were killed in the midst of it.
func TestTheRaceOfMoveAndFlagHasOneOutcome(t *testing.T) {
	const other = "service livegame 2"
	p := startParts(t, append(slices.Clone(allParts), other)...)
	r := newRace(t, p, p.urls["service livegame"], p.urls[other])
	again := 0 // commands, to a processor that was killed
	all := r.run(t, func(kill int) {
		victim := processorsOfGames[kill%2]
		again += p.replayed(t, victim)
		p.killAndStart(t, victim)
	})
	for _, name := range processorsOfGames {
		again += p.replayed(t, name)
	}
	for _, name := range append([]string{other}, processorsOfGames...) {
		p.killAndStart(t, name)
	}
	r.askAgain(t, all[len(all)-askedAgain:])

	log := checkAll(t, p.place)
	sent, events := readCommands(t, p.place), log.byGame()
	var seen [noOrder + 1]int
	for _, d := range all {
		seen[d.check(t, sent[d.id], events[d.id])]++
	}
	t.Logf("in %d the move came in time, in %d it was itself too late, in %d the flag came first; %d commands came again",
		seen[moveFirst], seen[lateMove], seen[flagFirst], again)
	if len(log.games()) != duels || seen[moveFirst] < leastOfOrder || seen[flagFirst] < leastOfOrder || again == 0 {
		t.Errorf("%d games ended, of %d; each order is to come %d times, and a command again", len(log.games()), duels, leastOfOrder)
	}
}

var processorsOfGames = []string{"processor games", "processor games 2"}

// race plays the duels. White plays at one instance of the service, Black at
// another.
type race struct {
	urls         [2]string
	clients      [2]*client.Client
	players      []client.Player
	serviceToken string
	aim          aim
	sent         chan struct{} // each move that races, as it is sent
}

func newRace(t testing.TB, p *parts, white, black string) *race {
	t.Helper()
	r := &race{urls: [2]string{white, black}, serviceToken: p.serviceToken, sent: make(chan struct{}, duels)}
	for side, url := range r.urls {
		r.clients[side] = client.New(client.Config{URL: url, Patience: catchUp, Connections: duelsAtOnce})
	}
	accounts := client.New(client.Config{URL: p.urls["service account"], Patience: catchUp, Connections: 2})
	for i := range 16 {
		handle := fmt.Sprintf("racer-%d", i)
		player, err := accounts.Register(t.Context(), handle, client.Registration{Handle: handle, Password: "correct horse battery"})
		if err != nil {
			t.Fatal(err)
		}
		r.players = append(r.players, player)
	}
	return r
}

// run plays all duels, and calls kill in the midst of every killsEvery of them.
func (r *race) run(t *testing.T, kill func(n int)) []*duel {
	t.Helper()
	all, next := make([]*duel, duels), make(chan *duel, duels)
	for i := range all {
		white := i % len(r.players)
		black := (white + 1 + i/len(r.players)%(len(r.players)-1)) % len(r.players)
		all[i] = &duel{
			race: r, players: [2]client.Player{r.players[white], r.players[black]}, key: schemas.NewID(),
			clocks: schemas.TimeControl{InitialCs: leastCs + rand.Int64N(mostCs-leastCs)},
		}
		next <- all[i]
	}
	close(next)
	var going sync.WaitGroup
	for range duelsAtOnce {
		going.Go(func() {
			for d := range next {
				if err := d.play(t.Context()); err != nil {
					t.Errorf("game %s: %v", d.id, err)
				}
			}
		})
	}
	go func() {
		going.Wait()
		close(r.sent)
	}()
	n, kills := 0, 0
	for range r.sent {
		if n++; n%killsEvery == killsEvery/2 {
			kill(kills)
			kills++
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return all
}

// askAgain sends each move that raced once more, by way of an instance that has
// not answered it: it is said again what was said.
func (r *race) askAgain(t *testing.T, asked []*duel) {
	t.Helper()
	for _, d := range asked {
		again, err := r.clients[1].Move(t.Context(), d.players[0], d.id, d.key, racing, racingPly)
		if code := client.CodeOf(err); code != d.code || err == nil && again.Seq != d.seq {
			t.Errorf("game %s: White was told %q %d, and asked again %q %d: %v", d.id, d.code, d.seq, code, again.Seq, err)
		}
	}
}
