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

// Size of the test, and what it must have seen at least.
const (
	raceGames       = 1000
	concurrentRaces = 200
	movesPerKill    = 200 // racing moves between two kills
	racers          = 56  // accounts: each plays some seven games at a time, and may have eight commands in flight
	minPerOrder     = 100 // games in which the move came first, and games in which the flag did
	repeatedMoves   = 300 // racing moves of the last games, whose rows are still in the table
)

// Moves arrive at the very moment in which the flag falls, while the games processors are
// killed. The outcome of each game must be the same for both players, in the log and in the
// archive.
func TestRaceOfMoveAndFlagHasOneOutcomeWhenProcessorsAreKilled(t *testing.T) {
	const other = "service livegame 2"
	p := startDeployment(t, append(slices.Clone(allProcesses), other)...)
	r := newRace(t, p, p.urls["service livegame"], p.urls[other])
	replayed := 0 // commands, after kills
	all := r.run(t, func(kill int) {
		victim := processorsOfGames[kill%2]
		replayed += p.replayed(t, victim)
		p.killAndStart(t, victim)
	})
	for _, name := range processorsOfGames {
		replayed += p.replayed(t, name)
	}
	for _, name := range append([]string{other}, processorsOfGames...) {
		p.killAndStart(t, name)
	}
	r.repeatMoves(t, all[len(all)-repeatedMoves:])

	log := checkAll(t, p.stores)
	sent, events := readCommands(t, p.stores), log.byGame()
	var seen [noOrder + 1]int
	for _, d := range all {
		seen[d.check(t, sent[d.id], events[d.id])]++
	}
	t.Logf("in %d games the move was in time, in %d it was too late, in %d CheckFlag came first; %d commands were replayed",
		seen[moveFirst], seen[lateMove], seen[flagFirst], replayed)
	if len(log.games()) != raceGames || seen[moveFirst] < minPerOrder || seen[flagFirst] < minPerOrder || replayed == 0 {
		t.Errorf("%d of %d games ended; want each order at least %d times and a replayed command", len(log.games()), raceGames, minPerOrder)
	}
}

var processorsOfGames = []string{"processor games", "processor games 2"}

// race plays the games. White uses one instance of livegame, Black another.
type race struct {
	urls         [2]string
	clients      [2]*client.Client
	players      []client.Player
	serviceToken string
	aim          aim
	sent         chan struct{} // receives a value for each racing move sent
}

func newRace(t testing.TB, p *deployment, white, black string) *race {
	t.Helper()
	r := &race{urls: [2]string{white, black}, serviceToken: p.serviceToken, sent: make(chan struct{}, raceGames)}
	for side, url := range r.urls {
		r.clients[side] = client.New(client.Config{URL: url, Patience: sinkTimeout, Connections: concurrentRaces})
	}
	accounts := client.New(client.Config{URL: p.urls["service account"], Patience: sinkTimeout, Connections: 2})
	for i := range racers {
		handle := fmt.Sprintf("racer-%d", i)
		player, err := accounts.Register(t.Context(), handle, client.Registration{Handle: handle, Password: "correct horse battery"})
		if err != nil {
			t.Fatal(err)
		}
		r.players = append(r.players, player)
	}
	return r
}

// run plays all games and calls kill in the middle of every movesPerKill racing moves.
func (r *race) run(t *testing.T, kill func(n int)) []*raceGame {
	t.Helper()
	all, next := make([]*raceGame, raceGames), make(chan *raceGame, raceGames)
	for i := range all {
		white := i % len(r.players)
		black := (white + 1 + i/len(r.players)%(len(r.players)-1)) % len(r.players)
		all[i] = &raceGame{
			race: r, players: [2]client.Player{r.players[white], r.players[black]}, key: schemas.NewID(),
			clocks: schemas.TimeControl{InitialCs: leastCs + rand.Int64N(mostCs-leastCs)},
		}
		next <- all[i]
	}
	close(next)
	var going sync.WaitGroup
	for range concurrentRaces {
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
		if n++; n%movesPerKill == movesPerKill/2 {
			kill(kills)
			kills++
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return all
}

// repeatMoves sends each racing move again, to an instance that has not answered it, and
// expects the same answer.
func (r *race) repeatMoves(t *testing.T, games []*raceGame) {
	t.Helper()
	for _, d := range games {
		game, err := r.clients[1].Move(t.Context(), d.players[0], d.id, d.key, racing, racingPly)
		if code := client.CodeOf(err); code != d.code || err == nil && game.Seq != d.seq {
			t.Errorf("game %s: the first answer was %q %d, the second %q %d: %v", d.id, d.code, d.seq, code, game.Seq, err)
		}
	}
}
