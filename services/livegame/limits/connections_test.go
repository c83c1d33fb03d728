package limits

import (
	"fmt"
	"testing"

	"tabiya/schemas"
	"tabiya/services/livegame/outbox"
)

// acquired is a connection that ended with why, if it did.
type acquired struct {
	release func()
	code    schemas.Code
	why     outbox.End
}

func acquire(c *Connections, who Client) *acquired {
	a := &acquired{}
	a.release, a.code, _ = c.Acquire(who, func(why outbox.End) { a.why = why })
	return a
}

func watcher(n int) Client { return Client{Address: fmt.Sprint("address ", n)} }

func seated(n int) Client {
	return Client{PlayerID: fmt.Sprint("player ", n), Address: "one", Seat: "game"}
}

func TestWatchersAreBoundedInAllByPlayerAndByAddress(t *testing.T) {
	t.Parallel()
	c := NewConnections(8, 2, 3)
	eve := Client{PlayerID: "eve", Address: "one"}
	first := acquire(c, eve)
	acquire(c, eve)
	if a := acquire(c, eve); a.code != schemas.CodeRateLimited {
		t.Errorf("a player's third: %q", a.code)
	}
	acquire(c, Client{Address: "one"})
	if a := acquire(c, Client{Address: "one"}); a.code != schemas.CodeRateLimited {
		t.Errorf("an address's fourth: %q", a.code)
	}
	for n := range 3 {
		acquire(c, watcher(n))
	}
	if a := acquire(c, watcher(9)); a.code != schemas.CodeTooManyConnections {
		t.Errorf("the seventh of eight, of which two are reserved: %q", a.code)
	}
	first.release()
	first.release() // counts once
	if a := acquire(c, eve); a.code != "" || c.Len() != 6 {
		t.Errorf("after a release: %q, %d", a.code, c.Len())
	}
}

func TestPlayersNewestConnectionEndsTheirOldest(t *testing.T) {
	t.Parallel()
	c := NewConnections(100, 1, 1)
	var all []*acquired
	for range 5 {
		all = append(all, acquire(c, seated(1)))
	}
	other := acquire(c, seated(2))
	for n, a := range append(all, other) {
		if want := n < 2; a.code != "" || (a.why == outbox.Replaced) != want {
			t.Errorf("connection %d: %q, ended as %s", n, a.code, a.why)
		}
	}
	all[0].release() // it has ended already
	if c.Len() != 4 {
		t.Errorf("%d connections", c.Len())
	}
}

func TestPlayerIsAdmittedWhileEverythingIsTaken(t *testing.T) {
	t.Parallel()
	c := NewConnections(4, 1, 1)
	watchers := []*acquired{acquire(c, watcher(1)), acquire(c, watcher(2)), acquire(c, watcher(3))}
	acquire(c, seated(1))
	if a := acquire(c, seated(2)); a.code != "" || watchers[2].why != outbox.MadeRoom || watchers[0].why != outbox.Open {
		t.Errorf("%q; the newest watcher ended as %s, the oldest as %s", a.code, watchers[2].why, watchers[0].why)
	}
	for n := range 6 { // all places are those of players
		if a := acquire(c, seated(n)); a.code != "" {
			t.Errorf("player %d: %q", n, a.code)
		}
	}
	before := c.Len()
	if a := acquire(c, seated(5)); a.code != "" || c.Len() != before {
		t.Errorf("a player's second, with no place left: %q, %d connections instead of %d", a.code, c.Len(), before)
	}
	if a := acquire(c, watcher(9)); a.code != schemas.CodeTooManyConnections {
		t.Errorf("a watcher: %q", a.code)
	}
}
