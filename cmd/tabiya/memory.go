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
	busyPercent  = 400

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
			if quiet == quietAfter {
				debug.SetGCPercent(busyPercent)
			}
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

// allocated is how many bytes were ever put on the heap.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
