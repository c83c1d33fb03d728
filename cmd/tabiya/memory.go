package main

import (
	"os"
	"runtime/debug"
)

// collectorPercent lets the heap of `up` grow to three times what is live before
// it is collected, twice by default: what is live is small, and collecting it is
// a tenth of a move's cost. GOGC says otherwise where it is set.
const collectorPercent = 200

func tuneCollector() {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(collectorPercent)
	}
}
