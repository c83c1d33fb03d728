package objstoretest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// door is a TCP proxy that can be shut.
type door struct {
	target string
	l      net.Listener

	mu    sync.Mutex
	shut  bool
	conns map[net.Conn]struct{}
}

func openDoor(t testing.TB, target string) *door {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("objstoretest: %v", err)
	}
	d := &door{target: target, l: l, conns: make(map[net.Conn]struct{})}
	go d.serve()
	t.Cleanup(func() { l.Close(); d.set(false) })
	return d
}

func (d *door) Addr() string { return d.l.Addr().String() }

func (d *door) serve() {
	for {
		in, err := d.l.Accept()
		if err != nil {
			return
		}
		go d.pass(in)
	}
}

func (d *door) pass(in net.Conn) {
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

func (d *door) enter(conns ...net.Conn) bool {
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

func (d *door) leave(conns ...net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range conns {
		delete(d.conns, c)
	}
}

func (d *door) set(open bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = !open
	if d.shut {
		for c := range d.conns {
			c.Close()
		}
	}
}
