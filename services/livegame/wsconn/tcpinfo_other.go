//go:build !linux

package wsconn

import (
	"syscall"
	"time"
)

// kernelRoundTrip is for Linux alone.
func kernelRoundTrip(syscall.RawConn) (time.Duration, bool) { return 0, false }
