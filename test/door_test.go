package test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// door is a TCP proxy in front of a dependency; it can be shut: connections are
// cut and new ones refused with a cut.
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
		t.Fatal(err)
	}
	d := &door{target: target, l: l, conns: map[net.Conn]struct{}{}}
	t.Cleanup(func() { l.Close(); d.close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go d.pass(in)
		}
	}()
	return d
}

func (d *door) pass(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", d.target)
	if err != nil {
		return
	}
	defer out.Close()
	d.mu.Lock()
	shut := d.shut
	if !shut {
		d.conns[in], d.conns[out] = struct{}{}, struct{}{}
	}
	d.mu.Unlock()
	if shut {
		return
	}
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			done <- struct{}{}
		}()
	}
	<-done
	d.mu.Lock()
	delete(d.conns, in)
	delete(d.conns, out)
	d.mu.Unlock()
}

// close shuts the door.
func (d *door) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = true
	for c := range d.conns {
		c.Close()
	}
}

// open opens it again.
func (d *door) open() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = false
}

// behind puts a door in front of a URL's host and gives the URL through it.
func behind(t testing.TB, address string) (*door, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	d := openDoor(t, u.Host)
	u.Host = d.l.Addr().String()
	return d, u.String()
}
