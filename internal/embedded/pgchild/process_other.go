//go:build !linux

package pgchild

import (
	"os/exec"
	"strconv"
	"strings"
)

// dieWithParent: there is no such thing here; the next start ends the left-over.
func dieWithParent(*exec.Cmd) {}

func arguments(pid int) []string {
	out, err := exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return nil
	}
	return strings.Fields(string(out))
}
