package test

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tabiya/internal/gamestest"
	"tabiya/schemas"
)

const (
	sessionGames = 100
	// A game with fewestPlies plies has enough events to cut each follower fewestCuts times.
	fewestPlies = maxEventsPerConnection * fewestCuts
	fewestCuts  = 20
	mostPlies   = 500
)

// session is a set of games that are played at the same time.
type session struct {
	instances []string
	moves     []string      // the same in every game
	enough    chan struct{} // closed when games with at least fewest plies may end
	fewest    int
	most      int // plies after which a game ends in any case

	think    func()                                  // before a move, if not nil
	accepted func(gameID string, took time.Duration) // called when a move is accepted
}

func (r *session) pause() {
	if r.think != nil {
		r.think()
	}
}

func (r *session) mayEnd(plies int) bool {
	select {
	case <-r.enough:
		return plies >= r.fewest
	default:
		return plies >= r.most
	}
}

// 200 players and 200 watchers cut their connections at least 20 times each, while
// processes of livegame and of the games processor are killed, stopped and frozen. The
// events that each of them joined must equal the log, and every answer to a player must
// agree with it.
func TestReconnectedStreamsEqualLogWhenProcessesAreKilledStoppedAndFrozen(t *testing.T) {
	p := startDeployment(t, "processor players", "service account", games1, games2, live1, live2)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	everyone, ctx := errgroup.WithContext(ctx)
	moved := make(chan struct{}) // receives a value when a move is accepted
	r := &session{
		instances: []string{p.urls[live1], p.urls[live2]}, moves: gamestest.QuietGame(mostPlies+2, 2), // two more for moves out of turn
		enough: make(chan struct{}), fewest: fewestPlies, most: mostPlies,
		accepted: func(string, time.Duration) {
			select {
			case moved <- struct{}{}:
			default:
			}
		},
	}
	players := p.register(t, 2*sessionGames)
	var (
		socketPlayers []*socketPlayer
		followers     []*follower
	)
	for n := range sessionGames {
		gameID := p.newGame(t, players[2*n], players[2*n+1])
		for side := range 2 {
			m := newSocketPlayer(r, gameID, players[2*n+side], side)
			w := &follower{instances: r.instances, gameID: gameID}
			socketPlayers, followers = append(socketPlayers, m), append(followers, &m.follower, w)
			everyone.Go(func() error { return m.follow(ctx) })
			everyone.Go(func() error { return w.follow(ctx) })
		}
	}
	p.injectFaults(ctx, t, moved)
	close(r.enough)
	if err := everyone.Wait(); err != nil {
		t.Fatal(err)
	}
	log := readLog(t, p.stores)
	log.checkSeqs(t)
	log.checkWhole(t)
	checkFollowers(t, log, followers)
	checkSocketPlayers(t, log, socketPlayers)
}

// checkFollowers verifies that the joined events of each follower equal its game's events
// in the log, byte for byte, and that its connections were cut often enough.
func checkFollowers(t *testing.T, log eventLog, followers []*follower) {
	t.Helper()
	games := map[string][]string{}
	for _, r := range log {
		games[r.Key] = append(games[r.Key], r.Value)
	}
	ends := map[string]int{}
	for n, f := range followers {
		want, same := games[f.gameID], 0
		for same < min(len(want), len(f.joined)) && f.joined[same] == want[same] {
			same++
		}
		if len(want) != same || len(f.joined) != same {
			t.Errorf("follower %d of %s joined %d events, the log has %d, and they differ after %d", n, f.gameID, len(f.joined), len(want), same)
		}
		if f.ends[cut] < fewestCuts {
			t.Errorf("follower %d of %s cut its connection only %d times", n, f.gameID, f.ends[cut])
		}
		for how, times := range f.ends {
			ends[how] += times
		}
	}
	for _, how := range []string{broken, absent, silent} {
		if ends[how] < sessionGames/4 {
			t.Errorf("only %d connections ended as %s", ends[how], how)
		}
	}
	t.Logf("connections of %d followers ended: %v", len(followers), ends)
}

// checkSocketPlayers verifies that every answer agrees with the log, and that every move in
// the log was acknowledged.
func checkSocketPlayers(t *testing.T, log eventLog, socketPlayers []*socketPlayer) {
	t.Helper()
	caused, moves := map[string][]record{}, 0
	for _, r := range log {
		caused[r.CommandID] = append(caused[r.CommandID], r)
		if r.Type == schemas.MoveMade || r.Type == schemas.GameResigned {
			moves++
		}
	}
	acked, refused, repeats := 0, 0, 0
	for _, m := range socketPlayers {
		m.check(t, caused)
		acked, refused, repeats = acked+len(m.acked), refused+len(m.refused), repeats+m.repeats
	}
	if acked != moves || refused == 0 || repeats < len(socketPlayers) {
		t.Errorf("%d acknowledged of %d in the log, %d refused, %d frames sent again", acked, moves, refused, repeats)
	}
	t.Logf("%d moves and resignations acknowledged, %d refused, %d frames sent again", acked, refused, repeats)
}
