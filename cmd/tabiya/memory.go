package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How far the heap of `up` may grow beyond what is live, in percent of that,
// before it is collected. What is live is small, so a busy program collects it
// all the time, and each collection takes half of two cores for 25 ms: that is
// the tail of a move's latency. A quiet one gives the memory back instead.
const (
	quietPercent = 100
	busyPercent  = 900 // to a quarter of the machine's memory at most, or quietPercent

	busyRate   = 20 << 20 // bytes allocated a second
	quietAfter = 5        // seconds below it
)

// tuneCollector works until ctx is done. GOGC says otherwise where it is set.
func tuneCollector(ctx context.Context) {
	if _, set := os.LookupEnv("GOGC"); set {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last, quiet := allocated(), quietAfter
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := allocated()
		switch {
		case now-last >= busyRate:
			debug.SetGCPercent(percentOf(live(), machineMemory()))
			quiet = 0
		case quiet < quietAfter:
			if quiet++; quiet == quietAfter {
				debug.SetGCPercent(quietPercent)
				debug.FreeOSMemory()
			}
		}
		last = now
	}
}

// percentOf is how far a busy heap of so many live bytes may grow on a machine of
// so much memory.
func percentOf(live, machine uint64) int {
	live = max(1<<20, live) // 0 before the first collection
	return min(busyPercent, max(quietPercent, int(25*machine/live)-100))
}

// live is what the percentage is of: stacks and globals as well.
func live() uint64 {
	return metric("/gc/heap/live:bytes") + metric("/gc/scan/stack:bytes") + metric("/gc/scan/globals:bytes")
}

// allocated is how many bytes were ever put on the heap.
func allocated() uint64 { return metric("/gc/heap/allocs:bytes") }

func metric(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
