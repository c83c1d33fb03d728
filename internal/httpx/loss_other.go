//go:build !linux

package httpx

import (
	"net"
	"time"
)

// unackedTimeout does nothing where there is no such option.
func unackedTimeout(*net.TCPConn, time.Duration) {}
