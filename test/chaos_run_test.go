package test

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// chaosRun injects faults, several at a time, and collects their recoveries.
type chaosRun struct {
	t       *testing.T
	options chaosOptions
	targets map[string]target
	clocks  map[string]*clock // of the targets whose clock can be stepped
	tell    map[string]teller // of a target's time, for the same targets
	load    *chaosLoad
	began   time.Time

	mu       sync.Mutex
	rotation *rotation
	hit      map[string]bool // roles with a fault that was not recovered from
	taken    int             // faults
	faults   []injected
	steps    clockSteps
}

// until injects faults until the time is over or enough were injected, and waits until
// everything has recovered.
func (r *chaosRun) until(end time.Time) {
	var lanes sync.WaitGroup
	for range r.options.atOnce {
		lanes.Go(func() {
			for time.Now().Before(end) {
				f, others, ok := r.take()
				switch {
				case ok:
					time.Sleep(rand.N(r.options.pause))
					r.inject(f, others)
				case r.enough():
					return
				default: // all roles that a fault could hit are not recovered
					time.Sleep(50 * time.Millisecond)
				}
			}
		})
	}
	lanes.Wait()
}

// take returns the next fault and with how many others it shares the platform.
func (r *chaosRun) take() (f chaosFault, others int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.enoughLocked() {
		return f, 0, false
	}
	f, ok = r.rotation.next(func(role string) bool { return !r.hit[role] })
	if !ok {
		return f, 0, false
	}
	others = len(r.hit)
	r.hit[f.role] = true
	r.taken++
	return f, others, true
}

func (r *chaosRun) enough() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.enoughLocked()
}

func (r *chaosRun) enoughLocked() bool { return r.options.most > 0 && r.taken >= r.options.most }

// inject injects a fault and waits until everything has recovered.
func (r *chaosRun) inject(f chaosFault, others int) {
	began, watch := time.Now(), r.load.progress.watch()
	r.strike(f)
	restored := time.Now()
	r.waitReady(f)
	result := injected{
		Kind: f.kind, Role: f.role, Names: f.names, At: began.Sub(r.began).Seconds(), Hold: f.hold.Seconds(),
		Ready: time.Since(restored).Seconds(), Others: others,
	}
	took, stuck := watch.wait(context.Background(), r.options.movesLimit)
	if len(stuck) > 0 {
		r.load.wrongf("games %v have not moved %s after %v", stuck, time.Since(began), f)
	}
	result.Moves = took.Seconds()
	r.mu.Lock()
	r.faults = append(r.faults, result)
	delete(r.hit, f.role)
	r.mu.Unlock()
	r.t.Logf("%7.1f s: %s of %s for %.1f s, beside %d: ready after %.1f s, all games moved after %.1f s",
		result.At, f.kind, strings.Join(f.names, ", "), result.Hold, others, result.Ready, result.Moves)
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
		end := time.After(f.hold)
		r.checkStep(f)
		<-end
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

func (r *chaosRun) waitReady(f chaosFault) {
	for _, name := range f.names {
		var err error
		for end := time.Now().Add(r.options.readyLimit); ; {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			err = r.targets[name].ready(ctx)
			cancel()
			if err == nil {
				break
			}
			if time.Now().After(end) {
				r.load.wrongf("%s is not ready %s after %s: %v", name, r.options.readyLimit, f.kind, err)
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}
