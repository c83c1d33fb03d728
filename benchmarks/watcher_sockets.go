package main

import (
	"bytes"
	"sync/atomic"
)

// watchers are WebSockets whose events are counted. To save CPU time, they look only at
// the first bytes of a frame.
type watchers struct {
	*poller
	events, bytes atomic.Int64 // received: number of events, and their size
}

func newWatchers() (*watchers, error) {
	p, err := newPoller()
	return &watchers{poller: p}, err
}

// count adds a watcher of the game, without a token, for which nobody waits.
func (w *watchers) count(base string, g *game) error {
	_, err := w.dial(socketURL(base, g), "", func(text []byte) error {
		if bytes.HasPrefix(text, []byte(eventStart)) {
			w.events.Add(1)
			w.bytes.Add(int64(len(text)))
		}
		return nil
	})
	return err
}

// watch adds a watcher of the game, without a token.
func (w *watchers) watch(base string, g *game, a *audience) error {
	number := 0 // of the next event
	_, err := w.dial(socketURL(base, g), "", func(text []byte) error {
		if bytes.HasPrefix(text, []byte(eventStart)) {
			w.events.Add(1)
			w.bytes.Add(int64(len(text)))
			a.received(number)
			number++
		}
		return nil
	})
	return err
}
