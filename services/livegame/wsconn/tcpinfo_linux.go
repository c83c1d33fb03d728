package wsconn

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// kernelRoundTrip returns the round trip that the kernel has smoothed from the client's
// acknowledgements (tcp(7), TCP_INFO), which the client's program cannot delay. ok is
// false if it is not known.
func kernelRoundTrip(raw syscall.RawConn) (took time.Duration, ok bool) {
	if raw == nil {
		return 0, false
	}
	err := raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if ok = err == nil; ok {
			took = time.Duration(info.Rtt) * time.Microsecond
		}
	})
	return took, ok && err == nil
}
