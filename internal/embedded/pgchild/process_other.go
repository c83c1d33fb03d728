//go:build !linux

package pgchild

import (
	"os/exec"
	"strconv"
	"strings"
)

// dieWithParent does nothing: there is no parent-death signal here. The next start ends
// an orphan.
func dieWithParent(*exec.Cmd) {}

// arguments returns the command line of a process.
func arguments(pid int) []string {
	out, err := exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return nil
	}
	return strings.Fields(string(out))
}
