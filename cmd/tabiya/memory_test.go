package main

import "testing"

func TestBusyHeapStaysBelowItsBound(t *testing.T) {
	t.Parallel()
	const mib, gib = 1 << 20, 1 << 30
	for _, c := range []struct {
		live, machine uint64
		percent       int
	}{
		{0, 16 * gib, 900}, // before the first collection
		{512 * mib, 4 * gib, 100},
		{64 * mib, 1 * gib, 300},  // to 256 MiB
		{80 * mib, 16 * gib, 300}, // to 320 MiB
		{32 * mib, 16 * gib, 900},
		{50 * mib, 0, 100}, // unknown machine memory
	} {
		if got := gcPercentFor(c.live, c.machine); got != c.percent {
			t.Errorf("%d of %d: %d %%, want %d", c.live, c.machine, got, c.percent)
		}
	}
}
