package test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
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

// Limits of a fault's recovery. What takes longer is a finding.
const (
	readyLimit = 2 * time.Minute
	movesLimit = 3 * time.Minute
)

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
	At     float64  `json:"at"`               // since the first fault
	Hold   float64  `json:"hold"`             // between the fault and its end
	Ready  float64  `json:"ready"`            // from the fault's end until its target does its work
	Moves  float64  `json:"moves"`            // from the fault until every live game has moved
	Double bool     `json:"double,omitempty"` // another fault at the same time
}

// rotation yields faults: each kind hits each role once, in random order, then again.
type rotation struct {
	chance *rand.Rand
	kinds  []string
	roles  map[string][]string // target names by role
	clocks map[string]*clock   // of the targets whose clock can be stepped
	bag    []chaosFault
}

func (r *rotation) next() chaosFault {
	if len(r.bag) == 0 {
		roles := make([]string, 0, len(r.roles))
		for role := range r.roles {
			roles = append(roles, role)
		}
		slices.Sort(roles)
		for _, role := range roles {
			for _, kind := range r.kinds {
				if r.canHit(kind, role) {
					r.bag = append(r.bag, chaosFault{kind: kind, role: role})
				}
			}
		}
		if len(r.bag) == 0 {
			panic(fmt.Sprintf("no fault of the kinds %q can be injected", r.kinds))
		}
		r.chance.Shuffle(len(r.bag), func(i, j int) { r.bag[i], r.bag[j] = r.bag[j], r.bag[i] })
	}
	f := r.bag[0]
	r.bag = r.bag[1:]
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
		f.step = between(2*time.Second, 40*time.Second) // less than a clock of the games, more than a window of the archive
		if r.chance.IntN(2) == 0 {
			f.step = -f.step
		}
	case faultBoth:
		f.hold = between(sessionOfBroker, sessionOfBroker+3*time.Second)
		f.names = slices.Clone(names)
		r.chance.Shuffle(len(f.names), func(i, j int) { f.names[i], f.names[j] = f.names[j], f.names[i] })
	}
	return f
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

// chaosRun injects faults and collects their recoveries.
type chaosRun struct {
	t        *testing.T
	targets  map[string]target
	clocks   map[string]*clock // of the targets whose clock can be stepped
	rotation *rotation
	load     *chaosLoad
	began    time.Time
	faults   []injected
}

// until injects faults until the time is over or enough were injected.
func (r *chaosRun) until(end time.Time, most int) {
	for time.Now().Before(end) && (most == 0 || len(r.faults) < most) {
		time.Sleep(time.Duration(r.rotation.chance.Int64N(int64(1500 * time.Millisecond))))
		one := []chaosFault{r.rotation.next()}
		if r.rotation.chance.IntN(6) == 0 {
			other := r.rotation.next()
			if other.role != one[0].role {
				one = append(one, other)
			}
		}
		r.inject(one)
	}
}

// inject injects faults at the same time and waits until everything has recovered.
func (r *chaosRun) inject(all []chaosFault) {
	began, watch := time.Now(), r.load.progress.watch()
	var recovering sync.WaitGroup
	results := make([]injected, len(all))
	for i, f := range all {
		recovering.Go(func() {
			r.strike(f)
			restored := time.Now()
			r.waitReady(f)
			results[i] = injected{
				Kind: f.kind, Role: f.role, Names: f.names, At: began.Sub(r.began).Seconds(), Hold: f.hold.Seconds(),
				Ready: time.Since(restored).Seconds(), Double: len(all) > 1,
			}
		})
	}
	recovering.Wait()
	took, stuck := watch.wait(context.Background(), movesLimit)
	if len(stuck) > 0 {
		r.load.wrongf("games %v have not moved %s after %v", stuck, time.Since(began), all)
	}
	for i, f := range results {
		results[i].Moves = took.Seconds()
		r.t.Logf("%7.1f s: %s of %s for %.1f s: ready after %.1f s, all games moved after %.1f s",
			f.At, f.Kind, strings.Join(f.Names, ", "), f.Hold, f.Ready, took.Seconds())
	}
	r.faults = append(r.faults, results...)
}

// strike injects a fault and ends it.
func (r *chaosRun) strike(f chaosFault) {
	hit := r.targets[f.names[0]]
	switch f.kind {
	case faultKill:
		hit.kill()
		time.Sleep(f.hold)
		hit.start()
	case faultStop:
		hit.stop()
		time.Sleep(f.hold)
		hit.start()
	case faultPause:
		hit.pause()
		time.Sleep(f.hold)
		hit.resume()
	case faultClock:
		r.clocks[f.names[0]].step(f.step)
		time.Sleep(f.hold)
		r.clocks[f.names[0]].step(0)
	case faultBoth:
		other := r.targets[f.names[1]]
		other.pause()
		time.Sleep(f.hold)
		hit.kill()
		other.resume()
		time.Sleep(sessionOfBroker) // the others elect new leaders, of those in sync
		hit.start()
	}
}

// sessionOfBroker is longer than the controller waits for a broker (Kafka's default of
// broker.session.timeout.ms is 9 s), after which the others do without its replicas.
const sessionOfBroker = 12 * time.Second

func (r *chaosRun) waitReady(f chaosFault) {
	for _, name := range f.names {
		var err error
		for end := time.Now().Add(readyLimit); ; {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			err = r.targets[name].ready(ctx)
			cancel()
			if err == nil {
				break
			}
			if time.Now().After(end) {
				r.load.wrongf("%s is not ready %s after %s: %v", name, readyLimit, f.kind, err)
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}
