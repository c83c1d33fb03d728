// Package eventually polls in tests for outcomes that send no signal, such as
// what another process does. Where there is a signal, wait for the signal.
package eventually

import (
	"testing"
	"time"
)

// limit is how long a poll may last. Only a test that fails waits that long.
const limit = 90 * time.Second

// Pauses between attempts start at minPause and double up to maxPause.
const (
	minPause = 5 * time.Millisecond
	maxPause = 100 * time.Millisecond
)

// True polls until condition holds, and fails the test after 90 seconds.
func True(t testing.TB, what string, condition func() bool) {
	t.Helper()
	if !poll(limit, condition) {
		t.Fatalf("%s: not so after %s", what, limit)
	}
}

// NoError polls until attempt returns nil, and fails the test with attempt's last
// error after 90 seconds.
func NoError(t testing.TB, what string, attempt func() error) {
	t.Helper()
	var err error
	if !poll(limit, func() bool { err = attempt(); return err == nil }) {
		t.Fatalf("%s: after %s: %v", what, limit, err)
	}
}

// poll reports whether condition held within the limit.
func poll(limit time.Duration, condition func() bool) bool {
	end := time.Now().Add(limit)
	for pause := minPause; !condition(); pause = min(2*pause, maxPause) {
		if time.Now().After(end) {
			return false
		}
		time.Sleep(pause)
	}
	return true
}
