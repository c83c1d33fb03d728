package main

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

// poller reads all WebSockets on one thread with epoll. A goroutine per socket would
// cost as much CPU time as the server, which shares the cores.
type poller struct {
	epoll int

	mu    sync.Mutex
	conns map[int32]*rawSocket // by number and not by file descriptor, which the kernel reuses
	last  int32                // number

	closing atomic.Bool
	stopped chan struct{} // closed when it no longer reads
	err     error         // the reason, valid once stopped is closed
}

// rawSocket is a WebSocket connection. onText is called with each text message, on the
// poller's thread. An error of onText stops the poller.
type rawSocket struct {
	poller *poller
	number int32
	fd     int
	rest   []byte // start of an incomplete frame
	onText func(text []byte) error
}

func newPoller() (*poller, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	p := &poller{epoll: epoll, conns: make(map[int32]*rawSocket), stopped: make(chan struct{})}
	go func() {
		p.err = p.read()
		close(p.stopped)
	}()
	return p, nil
}

// dial opens a WebSocket. The token may be empty.
func (p *poller) dial(url, token string, onText func(text []byte) error) (*rawSocket, error) {
	fd, rest, err := dialRaw(url, token)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", url, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	s := &rawSocket{poller: p, number: p.last, fd: fd, rest: rest, onText: onText}
	p.conns[s.number] = s
	if err := syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: s.number}); err != nil {
		return nil, fmt.Errorf("add to an epoll: %w", err)
	}
	return s, nil
}

// close closes all connections. It returns the error that stopped the poller, if any.
func (p *poller) close() error {
	p.closing.Store(true)
	<-p.stopped
	for _, s := range p.conns {
		_ = syscall.Close(s.fd)
	}
	return errors.Join(p.err, syscall.Close(p.epoll))
}

func (p *poller) read() error {
	runtime.LockOSThread()
	ready, buf := make([]syscall.EpollEvent, 256), make([]byte, 64<<10)
	for !p.closing.Load() {
		n, err := syscall.EpollWait(p.epoll, ready, 50) // at most 50 ms, to notice closing
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("wait for frames: %w", err)
		}
		for _, e := range ready[:max(n, 0)] {
			if err := p.readOne(e.Fd, buf); err != nil {
				return fmt.Errorf("read frames: %w", err)
			}
		}
	}
	return nil
}

// readOne reads what has arrived on one connection. buf must hold any frame.
func (p *poller) readOne(number int32, buf []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.conns[number]
	if !ok {
		return nil // closed in the meantime
	}
	held := copy(buf, s.rest)
	n, err := syscall.Read(s.fd, buf[held:])
	switch {
	case err != nil:
		return err
	case n == 0:
		return errors.New("the server closed the connection")
	}
	unread := buf[:held+n]
	for {
		opcode, payload, size := nextFrame(unread)
		if size == 0 {
			break
		}
		unread = unread[size:]
		switch opcode {
		case opText:
			err = s.onText(payload)
		case opPing:
			err = s.write(opPong, payload)
		case opClose:
			err = fmt.Errorf("the server sent a close frame: %s", payload)
		}
		if err != nil {
			return err
		}
	}
	s.rest = append(s.rest[:0], unread...)
	return nil
}

// send sends a text message, which must fit into the socket's send buffer.
func (s *rawSocket) send(text []byte) error { return s.write(opText, text) }

func (s *rawSocket) write(opcode byte, payload []byte) error {
	_, err := syscall.Write(s.fd, maskedFrame(opcode, payload))
	return err
}

// close sends a close frame and closes the connection.
func (s *rawSocket) close() {
	s.poller.mu.Lock()
	defer s.poller.mu.Unlock()
	_ = s.write(opClose, []byte{0x03, 0xE8}) // code 1000, normal closure
	_ = syscall.Close(s.fd)
	delete(s.poller.conns, s.number)
}
