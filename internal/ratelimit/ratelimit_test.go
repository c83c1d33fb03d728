package ratelimit

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/time/rate"
)

func TestEachKeyHasItsOwnBucketInBoundedMemory(t *testing.T) {
	t.Parallel()
	k, now := New(func() *rate.Limiter { return rate.NewLimiter(2, 3) }, 10, strings.Clone), time.Now()
	allowed := func(key string) (n int) {
		for range 10 {
			if k.Allow(key, now) {
				n++
			}
		}
		return n
	}
	if a, b := allowed("a"), allowed("b"); a != 3 || b != 3 {
		t.Errorf("%d and %d at once", a, b)
	}
	now = now.Add(time.Second)
	if a := allowed("a"); a != 2 {
		t.Errorf("%d after a second", a)
	}
	for i := range 1000 {
		k.Allow(strconv.Itoa(i), now)
	}
	if n := len(k.Keys()); n != 10 {
		t.Errorf("%d keys are remembered", n)
	}
}
