package test

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tabiya/schemas"
)

const (
	roundGames = 100
	// fewestPlies of a game are enough events for fewestCuts of everybody who
	// follows it.
	fewestPlies = longestLife * fewestCuts
	fewestCuts  = 20
	mostPlies   = 500
)

// round is games that are played at once. They end when somebody has had enough.
type round struct {
	fleet  []string
	moves  []string // of every game
	moved  chan struct{}
	enough chan struct{}
}

// progress tells whoever waits for it that a move was accepted.
func (r *round) progress() {
	select {
	case r.moved <- struct{}{}:
	default:
	}
}

func (r *round) mayEnd(plies int) bool {
	select {
	case <-r.enough:
		return plies >= fewestPlies
	default:
		return plies == mostPlies
	}
}

// 200 players and 200 watchers, each of whom cuts his connections 20 times and more
// while the processes that they talk to, and those that judge their moves, are
// killed, stopped and frozen: what each has joined is the log, and every answer
// that a player got is true.
func TestWhateverIsKilledTheJoinedStreamIsTheLog(t *testing.T) {
	p := startParts(t, "processor players", "service account", games1, games2, live1, live2)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	everyone, ctx := errgroup.WithContext(ctx)
	r := &round{
		fleet: []string{p.urls[live1], p.urls[live2]}, moves: wander(mostPlies + 2), // and those said too early
		moved: make(chan struct{}), enough: make(chan struct{}),
	}
	players := p.register(t, 2*roundGames)
	var (
		movers  []*mover
		readers []*reader
	)
	for n := range roundGames {
		gameID := p.newGame(t, players[2*n], players[2*n+1])
		for side := range 2 {
			m := newMover(r, gameID, players[2*n+side], side)
			w := &reader{fleet: r.fleet, gameID: gameID}
			movers, readers = append(movers, m), append(readers, &m.reader, w)
			everyone.Go(func() error { return m.follow(ctx) })
			everyone.Go(func() error { return w.follow(ctx) })
		}
	}
	p.storm(ctx, t, r.moved)
	close(r.enough)
	if err := everyone.Wait(); err != nil {
		t.Fatal(err)
	}
	log := readLog(t, p.place)
	log.checkSeqs(t)
	log.checkWhole(t)
	checkReaders(t, log, readers)
	checkMovers(t, log, movers)
}

// checkReaders: what each has joined is his game's events, byte for byte, and he
// was cut often enough.
func checkReaders(t *testing.T, log theLog, readers []*reader) {
	t.Helper()
	games := map[string][]string{}
	for _, r := range log {
		games[r.Key] = append(games[r.Key], r.value)
	}
	ends := map[string]int{}
	for n, who := range readers {
		want, same := games[who.gameID], 0
		for same < min(len(want), len(who.joined)) && who.joined[same] == want[same] {
			same++
		}
		if len(want) != same || len(who.joined) != same {
			t.Errorf("reader %d of %s joined %d events, the log has %d, and they differ behind %d", n, who.gameID, len(who.joined), len(want), same)
		}
		if who.ends[cut] < fewestCuts {
			t.Errorf("reader %d of %s cut %d times", n, who.gameID, who.ends[cut])
		}
		for how, times := range who.ends {
			ends[how] += times
		}
	}
	for _, how := range []string{broken, absent, silent} {
		if ends[how] < roundGames/4 {
			t.Errorf("%d connections were %s: that tests nothing", ends[how], how)
		}
	}
	t.Logf("connections of %d readers ended: %v", len(readers), ends)
}

// checkMovers: every answer is true, and every move in the log was answered.
func checkMovers(t *testing.T, log theLog, movers []*mover) {
	t.Helper()
	caused, moves := map[string][]record{}, 0
	for _, r := range log {
		caused[r.CommandID] = append(caused[r.CommandID], r)
		if r.Type == schemas.MoveMade || r.Type == schemas.GameResigned {
			moves++
		}
	}
	acked, refused, repeats := 0, 0, 0
	for _, m := range movers {
		m.check(t, caused)
		acked, refused, repeats = acked+len(m.acked), refused+len(m.refused), repeats+m.repeats
	}
	if acked != moves || refused == 0 || repeats < len(movers) {
		t.Errorf("%d acked of %d in the log, %d refused, %d said again", acked, moves, refused, repeats)
	}
	t.Logf("%d moves and resignations acked, %d refused, %d frames said again", acked, refused, repeats)
}
