package passwords

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

const (
	// MaxWrong is how many wrong passwords are allowed at once; after that, one
	// per second.
	MaxWrong = 10
	// maxLimits bounds how many pairs of network and account are remembered.
	maxLimits = 10_000
)

// Attempts limits the rate at which passwords can be guessed, by account and client
// network: nobody can lock a player out from another network. It counts for every way to
// send a password: signing in by handle or by e-mail, changing or closing the account,
// and repeating its registration.
type Attempts struct {
	now func() time.Time

	mu     sync.Mutex
	limits *lru.Cache[attemptKey, *rate.Limiter]
	open   map[attemptKey]int // attempts that have begun and not finished
}

// attemptKey is a client's network and the id of an account, or the name that the client
// sent if no account has it.
type attemptKey struct{ network, account string }

// NewAttempts returns limits that no attempt has counted against.
func NewAttempts(now func() time.Time) *Attempts {
	limits, err := lru.New[attemptKey, *rate.Limiter](maxLimits)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &Attempts{now: now, limits: limits, open: make(map[attemptKey]int)}
}

// Begin reports whether one more password may be tried. If so, the caller must
// call finish with the outcome. An open attempt counts as wrong until then;
// otherwise concurrent attempts would not be limited.
func (a *Attempts) Begin(network, account string) (finish func(wrong bool), ok bool) {
	key := attemptKey{network, account}
	a.mu.Lock()
	defer a.mu.Unlock()
	free := float64(MaxWrong)
	if limit, known := a.limits.Get(key); known {
		free = limit.TokensAt(a.now())
	}
	if free-float64(a.open[key]) < 1 {
		return nil, false
	}
	a.open[key]++
	return func(wrong bool) { a.finish(key, wrong) }, true
}

func (a *Attempts) finish(key attemptKey, wrong bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open[key]--; a.open[key] == 0 {
		delete(a.open, key)
	}
	if !wrong {
		return
	}
	limit, known := a.limits.Get(key)
	if !known {
		limit = rate.NewLimiter(1, MaxWrong)
		a.limits.Add(key, limit)
	}
	limit.AllowN(a.now(), 1)
}
