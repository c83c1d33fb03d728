package main

import "testing"

func TestBusyHeapStaysBelowAQuarterOfMachineMemory(t *testing.T) {
	t.Parallel()
	const mib, gib = 1 << 20, 1 << 30
	for _, c := range []struct {
		live, machine uint64
		percent       int
	}{
		{50 * mib, 16 * gib, 900},
		{0, 16 * gib, 900}, // before the first collection
		{512 * mib, 4 * gib, 100},
		{256 * mib, 4 * gib, 300}, // to 1 GiB
		{50 * mib, 0, 100},        // unknown machine memory
	} {
		if got := gcPercentFor(c.live, c.machine); got != c.percent {
			t.Errorf("%d of %d: %d %%, want %d", c.live, c.machine, got, c.percent)
		}
	}
}
