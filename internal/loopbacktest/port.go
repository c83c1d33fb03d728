// Package loopbacktest gives tests addresses for what is killed and started
// again on the same address, and doors before what is to be away for a while.
package loopbacktest

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// Ports that the kernel gives to outgoing connections and to listeners on port 0
// start at 32768: one of those can be taken by a stranger between a kill and the
// start after it. Test binaries that run at the same time have process ids close
// to each other, so each has a stretch of its own.
const (
	first   = 10_000
	stretch = 40
	places  = (32_768 - first) / stretch
)

var taken atomic.Int32

// Address gives an address that nobody listens on, once in this process.
func Address(t testing.TB) string {
	t.Helper()
	for range places * stretch {
		n := os.Getpid()%places*stretch + int(taken.Add(1)) - 1
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(first+n%(places*stretch)))
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

// Port is Address's port.
func Port(t testing.TB) int {
	t.Helper()
	_, port, _ := net.SplitHostPort(Address(t))
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
