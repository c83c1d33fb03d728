package realkafka

import "syscall"

// dieWithParent makes the kernel kill the broker when the test's process ends.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
