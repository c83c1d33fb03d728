package account

import (
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

const (
	// wrongAtOnce wrong passwords are free, then one a second.
	wrongAtOnce     = 10
	watchedAttempts = 10_000
)

// attempts slows down whoever guesses one account's password: by name and
// address, so that a stranger cannot lock a player out of his account.
type attempts struct {
	now func() time.Time

	mu     sync.Mutex
	limits *lru.Cache[string, *rate.Limiter]
	trying map[string]int // passwords that are being hashed
}

func newAttempts(now func() time.Time) *attempts {
	limits, err := lru.New[string, *rate.Limiter](watchedAttempts)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &attempts{now: now, limits: limits, trying: make(map[string]int)}
}

func attemptKey(address, name string) string { return address + " " + strings.ToLower(name) }

// try reports whether one more password may be tried, and if so is told how that
// ended. Each that is being tried may be wrong, and is counted as such until then:
// else all that come at once would be free.
func (a *attempts) try(address, name string) (end func(wrong bool), ok bool) {
	key := attemptKey(address, name)
	a.mu.Lock()
	defer a.mu.Unlock()
	free := float64(wrongAtOnce)
	if limit, known := a.limits.Get(key); known {
		free = limit.TokensAt(a.now())
	}
	if free-float64(a.trying[key]) < 1 {
		return nil, false
	}
	a.trying[key]++
	return func(wrong bool) { a.tried(key, wrong) }, true
}

func (a *attempts) tried(key string, wrong bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.trying[key]--; a.trying[key] == 0 {
		delete(a.trying, key)
	}
	if !wrong {
		return
	}
	limit, known := a.limits.Get(key)
	if !known {
		limit = rate.NewLimiter(1, wrongAtOnce)
		a.limits.Add(key, limit)
	}
	limit.AllowN(a.now(), 1)
}
