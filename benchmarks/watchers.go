package main

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

// watchers are WebSockets whose events are counted. They look at nothing beyond
// a frame's first bytes, and one thread reads for all of them, by epoll: a
// goroutine for each would cost as much as the server does, whose cores it shares.
type watchers struct {
	mu  sync.Mutex // guards all until start
	all []*watcher

	events, bytes atomic.Int64 // that have come: frames, and their payloads
	closing       atomic.Bool
	ended         chan error
}

// watcher is one connection.
type watcher struct {
	fd       int
	audience *audience
	number   int    // of the next event, from 0
	rest     []byte // of a frame that has not come as a whole
}

// watch dials one more watcher of the game, without a token. It must come before
// start.
func (w *watchers) watch(base string, g *game, a *audience) error {
	fd, rest, err := dialRaw(socketURL(base, g))
	if err != nil {
		return fmt.Errorf("watch game %s: %w", g.id, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, &watcher{fd: fd, audience: a, rest: rest})
	return nil
}

// start begins to read; close ends it.
func (w *watchers) start() {
	w.ended = make(chan error, 1)
	go func() { w.ended <- w.read() }()
}

// close hangs up. Its error is what kept the watchers from reading.
func (w *watchers) close() (err error) {
	w.closing.Store(true)
	if w.ended != nil {
		err = <-w.ended
	}
	for _, one := range w.all {
		_ = syscall.Close(one.fd)
	}
	return err
}

func (w *watchers) read() error {
	runtime.LockOSThread()
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("make an epoll: %w", err)
	}
	defer syscall.Close(epoll)
	for i, one := range w.all {
		// What comes back with an event is the watcher's place, not its descriptor.
		if err := syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, one.fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(i)}); err != nil {
			return fmt.Errorf("add to an epoll: %w", err)
		}
	}
	ready, buf := make([]syscall.EpollEvent, 256), make([]byte, 64<<10)
	for !w.closing.Load() {
		n, err := syscall.EpollWait(epoll, ready, 50) // ms, to see closing
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("wait for frames: %w", err)
		}
		for _, e := range ready[:max(n, 0)] {
			if err := w.readOne(w.all[e.Fd], buf); err != nil {
				return fmt.Errorf("watch: %w", err)
			}
		}
	}
	return nil
}

// readOne takes what has come to one watcher. buf holds any frame.
func (w *watchers) readOne(one *watcher, buf []byte) error {
	held := copy(buf, one.rest)
	n, err := syscall.Read(one.fd, buf[held:])
	switch {
	case err != nil:
		return err
	case n == 0:
		return errors.New("the server has hung up")
	}
	unread := buf[:held+n]
	for {
		opcode, payload, size := cutFrame(unread)
		if size == 0 {
			break
		}
		unread = unread[size:]
		switch {
		case opcode == opPing:
			_, err = syscall.Write(one.fd, pong(payload))
		case opcode == opClose:
			err = fmt.Errorf("the server has closed: %s", payload)
		case bytes.HasPrefix(payload, []byte(eventStart)):
			w.events.Add(1)
			w.bytes.Add(int64(len(payload)))
			one.audience.came(one.number)
			one.number++
		}
		if err != nil {
			return err
		}
	}
	one.rest = append(one.rest[:0], unread...)
	return nil
}
