package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// result is what a load has seen.
type result struct {
	done    int64
	took    time.Duration
	latency *hdrhistogram.Histogram // microseconds

	serverUs, clientUs float64 // processor time a step, where it was measured
}

func (r result) perSecond() float64 { return float64(r.done) / r.took.Seconds() }

func (r result) p99ms() float64 { return float64(r.latency.ValueAtQuantile(99)) / 1000 }

func (r result) p50ms() float64 { return float64(r.latency.ValueAtQuantile(50)) / 1000 }

// drive runs one lane a session until the time is over or the lane is done: each
// step is one request that waits for its answer. With rate > 0 the lanes
// together start rate steps a second, and latency counts from when a step was
// due, so that a stall is seen by all the steps it delayed.
func drive(lanes []func() (bool, error), d time.Duration, rate float64) (result, error) {
	var wg sync.WaitGroup
	var total atomic.Int64
	errs := make(chan error, len(lanes))
	var mu sync.Mutex
	latency := hdrhistogram.New(1, 60_000_000, 3) // for all lanes: one each would not fit into a cache
	start := time.Now()
	stop := start.Add(d)
	for i, step := range lanes {
		wg.Go(func() {
			interval := time.Duration(0)
			due := time.Now()
			if rate > 0 {
				interval = time.Duration(float64(len(lanes)) / rate * float64(time.Second))
				due = start.Add(interval * time.Duration(i) / time.Duration(len(lanes)))
			}
			for {
				if rate > 0 {
					time.Sleep(time.Until(due))
				} else {
					due = time.Now()
				}
				if !time.Now().Before(stop) {
					return
				}
				more, err := step()
				if err != nil {
					errs <- err
					return
				}
				total.Add(1)
				took := max(1, time.Since(due).Microseconds())
				mu.Lock()
				_ = latency.RecordValue(took)
				mu.Unlock()
				if !more {
					return
				}
				due = due.Add(interval)
			}
		})
	}
	wg.Wait()
	r := result{done: total.Load(), took: time.Since(start), latency: latency}
	select {
	case err := <-errs:
		return r, err
	default:
		return r, nil
	}
}

// overHTTP is a lane that plays one game after the other. next makes a game; it
// is called when the game is wanted, since one without a first move is aborted.
func overHTTP(a *api, next func() (*game, error)) func() (bool, error) {
	var g *game
	ply := 0
	return func() (bool, error) {
		if g == nil || ply == len(g.moves) {
			var err error
			if g, err = next(); err != nil {
				return false, err
			}
			ply = 0
		}
		if err := a.move(g, ply); err != nil {
			return false, fmt.Errorf("ply %d of %s: %w", ply+1, g.id, err)
		}
		ply++
		return true, nil
	}
}
