package main

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
)

// poller reads WebSockets, all on one thread, by epoll: a goroutine for each
// would cost as much as the server does, whose cores it shares.
type poller struct {
	epoll int

	mu    sync.Mutex
	conns map[int32]*rawSocket // what comes back with an event is the number, since descriptors are used again
	last  int32

	closing atomic.Bool
	failed  chan struct{} // closed where it reads no more
	err     error         // then
}

// rawSocket is a connection. hear is called with each text message, on the
// poller's thread; its error ends the poller.
type rawSocket struct {
	poller *poller
	number int32
	fd     int
	rest   []byte // of a frame that has not come as a whole
	hear   func(text []byte) error
}

func newPoller() (*poller, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make an epoll: %w", err)
	}
	p := &poller{epoll: epoll, conns: make(map[int32]*rawSocket), failed: make(chan struct{})}
	go func() {
		p.err = p.read()
		close(p.failed)
	}()
	return p, nil
}

// dial opens a WebSocket; the token may be empty.
func (p *poller) dial(url, token string, hear func(text []byte) error) (*rawSocket, error) {
	fd, rest, err := dialRaw(url, token)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", url, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last++
	s := &rawSocket{poller: p, number: p.last, fd: fd, rest: rest, hear: hear}
	p.conns[s.number] = s
	if err := syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: s.number}); err != nil {
		return nil, fmt.Errorf("add to an epoll: %w", err)
	}
	return s, nil
}

// close hangs up all connections. Its error is what kept the poller from reading.
func (p *poller) close() error {
	p.closing.Store(true)
	<-p.failed
	for _, s := range p.conns {
		_ = syscall.Close(s.fd)
	}
	return errors.Join(p.err, syscall.Close(p.epoll))
}

func (p *poller) read() error {
	runtime.LockOSThread()
	ready, buf := make([]syscall.EpollEvent, 256), make([]byte, 64<<10)
	for !p.closing.Load() {
		n, err := syscall.EpollWait(p.epoll, ready, 50) // ms, to see closing
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

// readOne takes what has come to one connection. buf holds any frame.
func (p *poller) readOne(number int32, buf []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.conns[number]
	if !ok {
		return nil // closed meanwhile
	}
	held := copy(buf, s.rest)
	n, err := syscall.Read(s.fd, buf[held:])
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
		switch opcode {
		case opText:
			err = s.hear(payload)
		case opPing:
			err = s.write(opPong, payload)
		case opClose:
			err = fmt.Errorf("the server has closed: %s", payload)
		}
		if err != nil {
			return err
		}
	}
	s.rest = append(s.rest[:0], unread...)
	return nil
}

// send writes a text message, which must fit into what the connection takes at once.
func (s *rawSocket) send(text []byte) error { return s.write(opText, text) }

func (s *rawSocket) write(opcode byte, payload []byte) error {
	_, err := syscall.Write(s.fd, maskedFrame(opcode, payload))
	return err
}

// close says that the client is done, and hangs up.
func (s *rawSocket) close() {
	s.poller.mu.Lock()
	defer s.poller.mu.Unlock()
	_ = s.write(opClose, []byte{0x03, 0xE8}) // 1000
	_ = syscall.Close(s.fd)
	delete(s.poller.conns, s.number)
}
