package httpx

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// unackedTimeout ends the connection if written data is not acknowledged for that long
// (tcp(7), TCP_USER_TIMEOUT): probes are not sent while data is under way.
func unackedTimeout(conn *net.TCPConn, after time.Duration) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(after.Milliseconds()))
	})
}
