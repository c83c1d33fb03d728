package history

import (
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
// client does not read. A holder's first export may also stop another holder's second.
type exports struct {
	max int
	now func() time.Time

	mu   sync.Mutex
	open []*export // in the order of their beginning
}

// export is one open export.
type export struct {
	holder string // empty for a service, which has no limit of its own
	stop   func() // ends it, also while it writes; safe for concurrent use
	// writingSince is when it began to write a page to its client; zero while it reads
	// one from the database.
	writingSince time.Time
	stopped      bool
}

// holderOf returns whose export a request is.
func holderOf(c *gin.Context) string {
	switch who, ok := httpx.Principal(c); {
	case !ok:
		return httpx.ClientNetwork(c)
	case who.Service != "":
		return ""
	default:
		return who.PlayerID
	}
}

// Begin opens an export. The caller must call End. If e is nil, own tells whether
// the holder's own exports are in the way, or those of others.
func (x *exports) Begin(holder string, stop func()) (e *export, own bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	count := make(map[string]int)
	for _, o := range x.open {
		count[o.holder]++
	}
	if holder != "" && count[holder] >= exportsPerHolder {
		return nil, true
	}
	if len(x.open) >= x.max && !x.makeRoom(count, count[holder] == 0) {
		return nil, false
	}
	e = &export{holder: holder, stop: stop}
	x.open = append(x.open, e)
	return e, false
}

// makeRoom stops an export, and reports whether it did. first is whether the new export
// is its holder's only one: then another holder's second export may be stopped.
func (x *exports) makeRoom(count map[string]int, first bool) bool {
	var victim *export
	for _, o := range x.open {
		if !o.writingSince.IsZero() && x.now().Sub(o.writingSince) > stalledAfter && (victim == nil || o.writingSince.Before(victim.writingSince)) {
			victim = o
		}
	}
	for i := len(x.open) - 1; i >= 0 && victim == nil && first; i-- {
		if o := x.open[i]; o.holder != "" && count[o.holder] > 1 {
			victim = o
		}
	}
	if victim == nil {
		return false
	}
	victim.stopped = true
	x.remove(victim)
	victim.stop()
	return true
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
