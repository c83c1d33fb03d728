package test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Variables of `make chaos`, of which CONTRIBUTING tells.
const (
	minutesEnv = "TABIYA_TEST_CHAOS"         // how long faults are injected
	faultsEnv  = "TABIYA_TEST_CHAOS_FAULTS"  // kinds, separated by commas, or a number
	atOnceEnv  = "TABIYA_TEST_CHAOS_AT_ONCE" // faults at the same time
	seedEnv    = "TABIYA_TEST_CHAOS_SEED"
	outEnv     = "TABIYA_TEST_CHAOS_OUT"
	weakEnv    = "TABIYA_TEST_CHAOS_WEAK" // a weakness to be found, or "all"
)

// defaultAtOnce is as many faults at the same time as the platform recovers from on two
// cores without standing still.
const defaultAtOnce = 4

type chaosOptions struct {
	name    string
	minutes float64
	most    int      // faults; 0: no limit
	atOnce  int      // faults from which the platform has not recovered yet
	kinds   []string // of faults
	roles   []string // that are hit; nil: all
	plies   int      // of a game, at least
	pause   time.Duration
	hold    time.Duration // more of faultBoth

	// Limits of a fault's recovery and of the end. What takes longer is a finding.
	readyLimit, movesLimit, settleLimit time.Duration

	weakness
}

// chosenOptions are those of the environment for a platform without a weakness.
func chosenOptions(t testing.TB) chaosOptions {
	t.Helper()
	o := strongOptions()
	var err error
	if o.minutes, err = strconv.ParseFloat(os.Getenv(minutesEnv), 64); err != nil {
		t.Fatalf("%s: %v", minutesEnv, err)
	}
	if text := os.Getenv(atOnceEnv); text != "" {
		if o.atOnce, err = strconv.Atoi(text); err != nil || o.atOnce < 1 {
			t.Fatalf("%s: %q is no number of faults", atOnceEnv, text)
		}
	}
	if text := os.Getenv(faultsEnv); text != "" {
		if o.most, err = strconv.Atoi(text); err != nil {
			o.kinds = strings.Split(text, ",")
		}
	}
	return o
}

func strongOptions() chaosOptions {
	return chaosOptions{
		atOnce: defaultAtOnce, plies: 26, kinds: []string{faultKill, faultStop, faultPause, faultBoth, faultClock}, pause: 1500 * time.Millisecond,
		readyLimit: 2 * time.Minute, movesLimit: 3 * time.Minute, settleLimit: settleLimit,
	}
}

// chosenSeed returns the seed of the environment, else a random one.
func chosenSeed(t testing.TB) uint64 {
	t.Helper()
	text := os.Getenv(seedEnv)
	if text == "" {
		return rand.Uint64N(1 << 32)
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", seedEnv, err)
	}
	return seed
}
