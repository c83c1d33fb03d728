package test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// Kinds of faults.
const (
	faultKill  = "kill -9"
	faultStop  = "SIGTERM"
	faultPause = "SIGSTOP"
	faultClock = "clock"
	faultBoth  = "SIGSTOP+kill" // of two brokers: one is killed after the other was paused for long
)

// sessionOfBroker is longer than the controller waits for a broker (Kafka's default of
// broker.session.timeout.ms is 9 s), after which the others do without its replicas.
const sessionOfBroker = 12 * time.Second

// maxStep of a clock is more than a window of the archive and a session of a group, and
// less than livegame allows the time in a request's key to be ahead of its own (30 s).
const maxStep = 28 * time.Second

// chaosFault is one fault to inject.
type chaosFault struct {
	kind, role string
	names      []string // of the targets
	hold       time.Duration
	step       time.Duration // of a clock
}

// injected is a fault with its recovery, both in seconds.
type injected struct {
	Kind   string   `json:"kind"`
	Role   string   `json:"role"`
	Names  []string `json:"names"`
	At     float64  `json:"at"`     // since the first fault
	Hold   float64  `json:"hold"`   // between the fault and its end
	Ready  float64  `json:"ready"`  // from the fault's end until its target does its work
	Moves  float64  `json:"moves"`  // from the fault until every live game has moved
	Others int      `json:"others"` // faults that were not recovered from when it began
}

// rotation yields faults: each kind hits each role once, in random order, then again.
type rotation struct {
	chance *rand.Rand
	kinds  []string
	roles  map[string][]string // target names by role
	clocks map[string]*clock   // of the targets whose clock can be stepped
	hold   time.Duration       // of faultBoth beyond a broker's session, at least
	bag    []chaosFault
}

// next returns the next fault that hits a free role. A role that is never free stays at
// most a round behind the others; false says to wait for it.
func (r *rotation) next(free func(role string) bool) (f chaosFault, ok bool) {
	at := r.find(free)
	if round := r.round(); at < 0 && len(r.bag) < len(round) {
		r.bag = append(r.bag, round...)
		at = r.find(free)
	}
	if at < 0 {
		return f, false
	}
	f = r.bag[at]
	r.bag = slices.Delete(r.bag, at, at+1)
	r.aim(&f)
	return f, true
}

func (r *rotation) find(free func(role string) bool) int {
	return slices.IndexFunc(r.bag, func(f chaosFault) bool { return free(f.role) })
}

// round returns each kind for each role that it can hit, in random order.
func (r *rotation) round() (all []chaosFault) {
	for _, role := range slices.Sorted(maps.Keys(r.roles)) {
		for _, kind := range r.kinds {
			if r.canHit(kind, role) {
				all = append(all, chaosFault{kind: kind, role: role})
			}
		}
	}
	r.chance.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// aim chooses the targets of a fault and how long it lasts.
func (r *rotation) aim(f *chaosFault) {
	names := r.roles[f.role]
	f.names = []string{names[r.chance.IntN(len(names))]}
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(r.chance.Int64N(int64(most-least)))
	}
	switch f.kind {
	case faultKill, faultStop:
		f.hold = between(0, 3*time.Second)
	case faultPause: // shorter and longer than the session of a group's member
		f.hold = between(time.Second, 14*time.Second)
	case faultClock:
		f.hold = between(2*time.Second, 6*time.Second)
		f.step = between(3*time.Second, maxStep)
		if r.chance.IntN(2) == 0 {
			f.step = -f.step
		}
	case faultBoth:
		f.hold = sessionOfBroker + r.hold + between(0, 3*time.Second)
		f.names = slices.Clone(names)
		r.chance.Shuffle(len(f.names), func(i, j int) { f.names[i], f.names[j] = f.names[j], f.names[i] })
	}
}

func (r *rotation) canHit(kind, role string) bool {
	switch kind {
	case faultClock:
		return r.clocks[r.roles[role][0]] != nil
	case faultBoth:
		return role == "broker"
	}
	return true
}
