package account

import (
	"strings"
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
	now    func() time.Time
	limits *lru.Cache[string, *rate.Limiter]
}

func newAttempts(now func() time.Time) *attempts {
	limits, err := lru.New[string, *rate.Limiter](watchedAttempts)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &attempts{now, limits}
}

func attemptKey(address, name string) string { return address + " " + strings.ToLower(name) }

// Allowed reports whether one more password may be tried.
func (a *attempts) Allowed(address, name string) bool {
	limit, ok := a.limits.Get(attemptKey(address, name))
	return !ok || limit.TokensAt(a.now()) >= 1
}

// Wrong counts a wrong password.
func (a *attempts) Wrong(address, name string) {
	limit := rate.NewLimiter(1, wrongAtOnce)
	if known, ok, _ := a.limits.PeekOrAdd(attemptKey(address, name), limit); ok {
		limit = known
	}
	limit.AllowN(a.now(), 1)
}
