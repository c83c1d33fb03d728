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
	busyPercent  = 400       // or more, until the heap is
	busyHeap     = 512 << 20 // bytes

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
			debug.SetGCPercent(max(busyPercent, percentTo(busyHeap)))
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

// percentTo is how far the heap may grow until it has so many bytes.
func percentTo(bytes uint64) int {
	live := max(16<<20, heap("/gc/heap/live:bytes")) // 0 before the first collection
	return int(100*bytes/live) - 100
}

// allocated is how many bytes were ever put on the heap.
func allocated() uint64 { return heap("/gc/heap/allocs:bytes") }

func heap(metric string) uint64 {
	sample := []metrics.Sample{{Name: metric}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
