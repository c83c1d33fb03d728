package test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tabiya/internal/client"
	"tabiya/schemas"
)

// Those whom the storm hits.
const (
	games1, games2 = "processor games", "processor games 2"
	live1, live2   = "service livegame", "service livegame 2"
)

// blow is what happens to some processes at once, and its end.
type blow struct {
	what         string
	strike, mend func(*process)
	names        []string
}

func blows() []blow {
	kill := func(names ...string) blow { return blow{"kill", (*process).kill, (*process).start, names} }
	stop := func(name string) blow {
		interrupt := func(p *process) { p.interrupt(20 * time.Second) }
		return blow{"stop", interrupt, (*process).start, []string{name}}
	}
	freeze := func(name string) blow {
		strike := func(p *process) { p.signal(syscall.SIGSTOP) }
		mend := func(p *process) {
			<-time.After(2 * patience) // so that everybody notices
			p.signal(syscall.SIGCONT)
		}
		return blow{"freeze", strike, mend, []string{name}}
	}
	return []blow{
		kill(games1), kill(games2), kill(live1), kill(live2),
		kill(games1, live2), kill(games2, live1), kill(games1, games2, live1, live2),
		stop(games1), stop(live1), freeze(games2), freeze(live2),
	}
}

// storm deals all blows in any order, each after moves were accepted that were
// made since the last one.
func (p *parts) storm(ctx context.Context, t *testing.T, moved <-chan struct{}) {
	t.Helper()
	all := blows()
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, b := range all {
		for range roundGames/2 + rand.IntN(roundGames) {
			select {
			case <-moved:
			case <-ctx.Done():
				t.Errorf("no moves any more, before the %s of %v", b.what, b.names)
				return
			}
		}
		began := time.Now()
		for _, name := range b.names {
			b.strike(p.processes[name])
		}
		for _, name := range b.names {
			b.mend(p.processes[name])
		}
		for _, name := range b.names {
			ready(t, p.processes[name], p.urls[name], time.Minute)
		}
		t.Logf("%s of %v, ready after %s", b.what, b.names, time.Since(began))
	}
}

// register makes accounts, a few at a time.
func (p *parts) register(t *testing.T, count int) []client.Player {
	t.Helper()
	c := client.New(client.Config{URL: p.urls["service account"], Patience: time.Minute, Connections: 4})
	players := make([]client.Player, count)
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(4)
	for n := range players {
		group.Go(func() (err error) {
			handle := fmt.Sprintf("reader-%d", n)
			players[n], err = c.Register(ctx, handle, client.Registration{Handle: handle, Password: "correct horse battery"})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return players
}

func (p *parts) newGame(t *testing.T, white, black client.Player) (gameID string) {
	t.Helper()
	c := client.New(client.Config{URL: p.urls[live1], Patience: time.Minute, Connections: 1})
	made, err := c.CreateGame(t.Context(), p.serviceToken, schemas.NewID(), client.NewGame{
		White: white.ID, Black: black.ID, TimeControl: schemas.TimeControl{InitialCs: 60 * 6000}, Rated: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return made.ID
}
