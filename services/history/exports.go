package history

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
)

const (
	// exportsPerHolder is how many exports a player, or a network without a token, may
	// have at the same time.
	exportsPerHolder = 2
	// stalledAfter is how long a client may take for one page before its export has to
	// make room for others.
	stalledAfter = 5 * time.Second
)

// exports are the open exports, at most max. At the limit, a new export stops one whose
// client does not read. A holder's first export may also stop another holder's second, or
// the newest of the network that has most, if that stays ahead of the holder's own:
// accounts are free, networks are not.
type exports struct {
	max int
	now func() time.Time

	mu   sync.Mutex
	open []*export // in the order of their beginning
}

// holder is whose export it is. Both parts are empty for a service, which has no limit
// of its own.
type holder struct {
	id      string // the player's, or the network without a token
	network string // the client's address, for IPv6 a network
}

// export is one open export.
type export struct {
	holder
	stop func() // ends it, also while it writes; safe for concurrent use
	// writingSince is when it began to write a page to its client; zero while it reads
	// one from the database.
	writingSince time.Time
	stopped      bool
}

// holderOf returns whose export a request is.
func holderOf(c *gin.Context) holder {
	network := httpx.ClientNetwork(c)
	switch who, ok := httpx.Principal(c); {
	case !ok:
		return holder{network, network}
	case who.Service != "":
		return holder{}
	default:
		return holder{who.PlayerID, network}
	}
}

// Begin opens an export. The caller must call End. If e is nil, own tells whether
// the holder's own exports are in the way, or those of others.
func (x *exports) Begin(who holder, stop func()) (e *export, own bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	mine := x.countOf(who.id)
	if who.id != "" && mine >= exportsPerHolder {
		return nil, true
	}
	if len(x.open) >= x.max && !x.makeRoom(mine == 0, who.network) {
		return nil, false
	}
	e = &export{holder: who, stop: stop}
	x.open = append(x.open, e)
	return e, false
}

func (x *exports) countOf(id string) (n int) {
	for _, o := range x.open {
		if o.id == id {
			n++
		}
	}
	return n
}

// makeRoom stops an export, and reports whether it did. first is whether the new export
// is its holder's only one; then one may be stopped that is read.
func (x *exports) makeRoom(first bool, network string) bool {
	victim := x.stalled()
	if victim == nil && first {
		victim = cmp.Or(x.second(), x.crowded(network))
	}
	if victim == nil {
		return false
	}
	victim.stopped = true
	x.remove(victim)
	victim.stop()
	return true
}

// stalled returns the export whose client has not read for longest, and too long.
func (x *exports) stalled() (victim *export) {
	for _, o := range x.open {
		if !o.writingSince.IsZero() && x.now().Sub(o.writingSince) > stalledAfter && (victim == nil || o.writingSince.Before(victim.writingSince)) {
			victim = o
		}
	}
	return victim
}

// second returns the newest export of a holder who has another one.
func (x *exports) second() *export {
	for _, o := range slices.Backward(x.open) {
		if o.id != "" && x.countOf(o.id) > 1 {
			return o
		}
	}
	return nil
}

// crowded returns the newest export of the network that has most, if that has as many
// without it as the given network with one more.
func (x *exports) crowded(network string) (victim *export) {
	by := make(map[string]int)
	for _, o := range x.open {
		by[o.network]++
	}
	most := by[network] + 1
	for _, o := range slices.Backward(x.open) {
		if n := by[o.network]; o.network != "" && n > most {
			most, victim = n, o
		}
	}
	return victim
}

// Writing notes that a page is being written to the client, or no longer. It returns
// false if the export was stopped.
func (x *exports) Writing(e *export, begins bool) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	e.writingSince = time.Time{}
	if begins {
		e.writingSince = x.now()
	}
	return !e.stopped
}

// Stopped reports whether the export had to make room.
func (x *exports) Stopped(e *export) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return e.stopped
}

// End closes an export.
func (x *exports) End(e *export) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.remove(e)
}

func (x *exports) remove(e *export) {
	if i := slices.Index(x.open, e); i >= 0 {
		x.open = slices.Delete(x.open, i, i+1)
	}
}
