package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"syscall"
	"time"
)

// How far the heap of `up` may grow beyond what is live, in percent of that,
// before it is collected. What is live is small, so a busy program collects it
// all the time, and each collection takes half of two cores for 25 ms: that is
// the tail of a move's latency. A quiet one gives the memory back instead.
const (
	quietPercent = 100
	busyPercent  = 900 // and no further than a quarter of the machine's memory

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
			debug.SetGCPercent(percentOf(heap("/gc/heap/live:bytes"), machineMemory()))
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

// machineMemory is in bytes.
func machineMemory() uint64 {
	var info syscall.Sysinfo_t
	if syscall.Sysinfo(&info) != nil {
		return 0
	}
	return info.Totalram * uint64(info.Unit)
}

// allocated is how many bytes were ever put on the heap.
func allocated() uint64 { return heap("/gc/heap/allocs:bytes") }

func heap(metric string) uint64 {
	sample := []metrics.Sample{{Name: metric}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
