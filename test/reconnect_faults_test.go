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

// Names of the processes that faults hit.
const (
	games1, games2 = "processor games", "processor games 2"
	live1, live2   = "service livegame", "service livegame 2"
)

// fault is something that happens to some processes at once, and how it is undone.
type fault struct {
	kind         string
	inject, undo func(*process)
	names        []string // of the processes
}

func faults() []fault {
	kill := func(names ...string) fault { return fault{"kill", (*process).kill, (*process).start, names} }
	stop := func(name string) fault {
		interrupt := func(p *process) { p.interrupt(20 * time.Second) }
		return fault{"stop", interrupt, (*process).start, []string{name}}
	}
	freeze := func(name string) fault {
		inject := func(p *process) { p.signal(syscall.SIGSTOP) }
		undo := func(p *process) {
			<-time.After(2 * silenceLimit) // long enough for every follower to reconnect
			p.signal(syscall.SIGCONT)
		}
		return fault{"freeze", inject, undo, []string{name}}
	}
	return []fault{
		kill(games1), kill(games2), kill(live1), kill(live2),
		kill(games1, live2), kill(games2, live1), kill(games1, games2, live1, live2),
		stop(games1), stop(live1), freeze(games2), freeze(live2),
	}
}

// injectFaults injects all faults in random order. Between two faults it waits for a random
// number of accepted moves.
func (p *deployment) injectFaults(ctx context.Context, t *testing.T, moved <-chan struct{}) {
	t.Helper()
	all := faults()
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, f := range all {
		for range sessionGames/2 + rand.IntN(sessionGames) {
			select {
			case <-moved:
			case <-ctx.Done():
				t.Errorf("no more moves were accepted before the %s of %v", f.kind, f.names)
				return
			}
		}
		began := time.Now()
		for _, name := range f.names {
			f.inject(p.processes[name])
		}
		for _, name := range f.names {
			f.undo(p.processes[name])
		}
		for _, name := range f.names {
			ready(t, p.processes[name], p.urls[name], time.Minute)
		}
		t.Logf("%s of %v, ready after %s", f.kind, f.names, time.Since(began))
	}
}

// register registers accounts, a few at a time.
func (p *deployment) register(t *testing.T, count int) []client.Player {
	t.Helper()
	c := client.New(client.Config{URL: p.urls["service account"], Patience: time.Minute, Connections: 4})
	players := make([]client.Player, count)
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(4)
	for n := range players {
		group.Go(func() (err error) {
			handle := fmt.Sprintf("follower-%d", n)
			players[n], err = c.Register(ctx, handle, client.Registration{Handle: handle, Password: "correct horse battery", ServiceToken: p.serviceToken})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return players
}

func (p *deployment) newGame(t *testing.T, white, black client.Player) (gameID string) {
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
