package loopbacktest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Door is a TCP proxy in front of a dependency. It can be shut: connections are
// cut, and new ones refused with a cut.
type Door struct {
	target string
	l      net.Listener

	mu    sync.Mutex
	shut  bool
	conns map[net.Conn]struct{}
}

// OpenDoor opens a door to target, host:port; it is gone when the test ends.
func OpenDoor(t testing.TB, target string) *Door {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &Door{target: target, l: l, conns: make(map[net.Conn]struct{})}
	go d.serve()
	t.Cleanup(func() { l.Close(); d.Shut() })
	return d
}

// Behind puts a door in front of a URL's host and gives the URL through it.
func Behind(t testing.TB, address string) (*Door, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	d := OpenDoor(t, u.Host)
	u.Host = d.Addr()
	return d, u.String()
}

// Addr is where the door is, host:port.
func (d *Door) Addr() string { return d.l.Addr().String() }

// Shut cuts all connections and lets nobody in.
func (d *Door) Shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = true
	for c := range d.conns {
		c.Close()
	}
}

// Open ends Shut.
func (d *Door) Open() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = false
}

func (d *Door) serve() {
	for {
		in, err := d.l.Accept()
		if err != nil {
			return
		}
		go d.pass(in)
	}
}

func (d *Door) pass(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", d.target)
	if err != nil {
		return
	}
	defer out.Close()
	if !d.enter(in, out) {
		return
	}
	defer d.leave(in, out)
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			_, _ = io.Copy(way[0], way[1]) // a cut connection is what this is for
			done <- struct{}{}
		}()
	}
	<-done
}

func (d *Door) enter(conns ...net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		return false
	}
	for _, c := range conns {
		d.conns[c] = struct{}{}
	}
	return true
}

func (d *Door) leave(conns ...net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range conns {
		delete(d.conns, c)
	}
}
