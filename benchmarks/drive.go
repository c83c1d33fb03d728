package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// result is what a load measured.
type result struct {
	done    int64
	took    time.Duration
	latency *hdrhistogram.Histogram // microseconds

	serverUs, clientUs float64 // CPU time per step in microseconds, if it was measured
}

func (r result) perSecond() float64 { return float64(r.done) / r.took.Seconds() }

func (r result) p99ms() float64 { return float64(r.latency.ValueAtQuantile(99)) / 1000 }

func (r result) p50ms() float64 { return float64(r.latency.ValueAtQuantile(50)) / 1000 }

// step sends one request and waits for its answer. It returns false after the last one.
type step func() (more bool, err error)

// drive calls each worker's step again and again, from one goroutine per worker, until d
// is over or the step returns false. With rate > 0 the workers together start rate
// steps a second, and latency counts from when a step was due, so that a stall is
// charged to all the steps that it delayed.
func drive(workers []step, d time.Duration, rate float64) (result, error) {
	var wg sync.WaitGroup
	var total atomic.Int64
	errs := make(chan error, len(workers))
	var mu sync.Mutex
	latency := hdrhistogram.New(1, 60_000_000, 3) // one for all workers, since one each would not fit into the CPU cache
	start := time.Now()
	stop := start.Add(d)
	for i, next := range workers {
		wg.Go(func() {
			interval := time.Duration(0)
			due := time.Now()
			if rate > 0 {
				interval = time.Duration(float64(len(workers)) / rate * float64(time.Second))
				due = start.Add(interval * time.Duration(i) / time.Duration(len(workers)))
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
				more, err := next()
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

// httpWorker plays one game after the other over HTTP. It calls next only when it is
// about to play the game, since a game without a first move is aborted.
func httpWorker(a *api, next func() (*game, error)) step {
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
