package main

import (
	"bytes"
	"sync/atomic"
)

// watchers are WebSockets whose events are counted. They look at nothing beyond
// a frame's first bytes.
type watchers struct {
	*poller
	events, bytes atomic.Int64 // that have come: frames, and their payloads
}

func newWatchers() (*watchers, error) {
	p, err := newPoller()
	return &watchers{poller: p}, err
}

// watch dials one more watcher of the game, without a token. The audience's
// counts are the poller's.
func (w *watchers) watch(base string, g *game, a *audience) error {
	number := 0 // of the next event
	_, err := w.dial(socketURL(base, g), "", func(text []byte) error {
		if bytes.HasPrefix(text, []byte(eventStart)) {
			w.events.Add(1)
			w.bytes.Add(int64(len(text)))
			a.came(number)
			number++
		}
		return nil
	})
	return err
}
