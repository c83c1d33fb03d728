// Package loopbacktest gives tests loopback addresses for processes that are killed
// and restarted on the same address, and proxies that make a dependency
// unreachable.
package loopbacktest

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// Ports are below 32768, where the kernel's ephemeral ports start: another process
// could get an ephemeral port between a kill and the restart. Test binaries that
// run at the same time have process ids close to each other, so the process id
// selects a range of ports for each.
const (
	firstPort = 10_000
	rangeSize = 40
	ranges    = (32_768 - firstPort) / rangeSize
)

var handedOut atomic.Int32

// Address returns a free address, host:port. It never returns the same one twice in
// a process, up to the number of ports.
func Address(t testing.TB) string {
	t.Helper()
	for range ranges * rangeSize {
		n := os.Getpid()%ranges*rangeSize + int(handedOut.Add(1)) - 1
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+n%(ranges*rangeSize)))
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no free port")
	return ""
}

// Port returns the port of a free address.
func Port(t testing.TB) int {
	t.Helper()
	_, port, _ := net.SplitHostPort(Address(t))
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
