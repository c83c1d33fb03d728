package realkafka

import "syscall"

// dieWithParent ends the broker with the test's process, however that ends.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
