// Package ratelimit has one token bucket for each of many clients, in bounded memory.
package ratelimit

import (
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
)

// Keyed has a limiter for each key. It is safe for concurrent use.
type Keyed[K comparable] struct {
	limiter func() *rate.Limiter
	clone   func(K) K

	mu sync.Mutex
	by *lru.Cache[K, *rate.Limiter] // the longest idle one is forgotten first
}

// New makes limiters as limiter returns them and remembers at most max. clone copies a
// key that is remembered: a string cut from a request would keep all of the request in
// memory.
func New[K comparable](limiter func() *rate.Limiter, max int, clone func(K) K) *Keyed[K] {
	by, err := lru.New[K, *rate.Limiter](max)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &Keyed[K]{limiter: limiter, clone: clone, by: by}
}

// Allow takes a token of a key and reports whether there was one.
func (k *Keyed[K]) Allow(key K, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	limiter, ok := k.by.Get(key)
	if !ok {
		limiter = k.limiter()
		k.by.Add(k.clone(key), limiter)
	}
	return limiter.AllowN(now, 1)
}

// Keys returns the remembered keys.
func (k *Keyed[K]) Keys() []K { return k.by.Keys() }
