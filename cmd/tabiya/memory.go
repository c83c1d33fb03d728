package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// GOGC of `up`, in percent. The live heap is small, so with Go's default of 100 a
// busy program collects all the time, and each collection takes half of two cores
// for 25 ms: that was the tail of a move's latency. An idle program returns the
// memory instead.
const (
	idleGCPercent = 100
	busyGCPercent = 900 // less if the heap could exceed maxBusyHeap or a quarter of the machine's memory

	// maxBusyHeap is how far the heap may grow for the sake of fewer collections.
	maxBusyHeap = 320 << 20

	busyAllocRate = 20 << 20 // bytes per second
	idleAfter     = 5        // seconds below busyAllocRate
)

// tuneGC adapts the GC percentage to the load until ctx is done. It does nothing
// if GOGC is set.
func tuneGC(ctx context.Context) {
	if _, set := os.LookupEnv("GOGC"); set {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last, quiet := allocatedBytes(), idleAfter
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := allocatedBytes()
		switch {
		case now-last >= busyAllocRate:
			debug.SetGCPercent(gcPercentFor(liveBytes(), machineMemory()))
			quiet = 0
		case quiet < idleAfter:
			if quiet++; quiet == idleAfter {
				debug.SetGCPercent(idleGCPercent)
				debug.FreeOSMemory()
			}
		}
		last = now
	}
}

// gcPercentFor returns the GC percentage for a busy program with that many live
// bytes on a machine with that much memory.
func gcPercentFor(live, machine uint64) int {
	live = max(1<<20, live) // live is 0 before the first collection
	return min(busyGCPercent, max(idleGCPercent, int(100*min(machine/4, maxBusyHeap)/live)-100))
}

// liveBytes is what the GC percentage applies to: heap, stacks and globals.
func liveBytes() uint64 {
	return metric("/gc/heap/live:bytes") + metric("/gc/scan/stack:bytes") + metric("/gc/scan/globals:bytes")
}

// allocatedBytes is the total number of bytes ever allocated on the heap.
func allocatedBytes() uint64 { return metric("/gc/heap/allocs:bytes") }

func metric(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
