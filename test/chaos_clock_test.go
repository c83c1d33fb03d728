package test

import (
	endian "encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clock is the clock of a target, which a fault steps away from the machine's.
type clock interface{ step(offset time.Duration) }

// fakeClock is the offset of a process's clock from the machine's, in a file that
// libfaketime reads once a second: at each look at the clock it would slow a JVM down.
type fakeClock struct{ file string }

// faketimeLibrary finds libfaketime, which scripts/deps.sh installs; "" if it is not there.
func faketimeLibrary() string {
	found, _ := filepath.Glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
	if len(found) == 0 {
		return ""
	}
	return found[0]
}

// newFakeClock makes a clock without an offset, and the environment of its process.
// Monotonic time stays the machine's: a step of the clock does not touch it.
func newFakeClock(t testing.TB, library string) (*fakeClock, []string) {
	t.Helper()
	c := &fakeClock{filepath.Join(dataDir(t), "offset")}
	c.step(0)
	return c, []string{
		"LD_PRELOAD=" + library, "FAKETIME_TIMESTAMP_FILE=" + c.file, "FAKETIME_CACHE_DURATION=1",
		"DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_RESET=1",
	}
}

// step sets the offset.
func (c *fakeClock) step(offset time.Duration) {
	next := c.file + ".new"
	if os.WriteFile(next, fmt.Appendf(nil, "%+.3f\n", offset.Seconds()), 0o600) == nil {
		_ = os.Rename(next, c.file) // whole, never half written
	}
}

// goClock is the offset of a Go program's clock in whole seconds, in a file that the
// program maps. Go does not look at the clock through libc, where libfaketime stands.
type goClock struct{ file string }

func newGoClock(t testing.TB, name string) (*goClock, []string) {
	t.Helper()
	c := &goClock{filepath.Join(dataDir(t), strings.ReplaceAll(name, " ", "-"))}
	c.step(0)
	return c, []string{goClockEnv + "=" + c.file}
}

// step writes in place, since the program has mapped the file.
func (c *goClock) step(offset time.Duration) {
	file, err := os.OpenFile(c.file, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer file.Close()
	_, _ = file.WriteAt(endian.NativeEndian.AppendUint64(nil, uint64(int64(offset.Seconds()))), 0)
}

const goClockEnv = "TABIYA_TEST_CLOCK"

// goClockSource is a file of package time.
const goClockSource = `package time

import (
	"syscall"
	"unsafe"
)

var stepped = openStepped()

func openStepped() *int64 {
	none := new(int64)
	path, ok := syscall.Getenv("` + goClockEnv + `")
	if !ok {
		return none
	}
	fd, err := syscall.Open(path, syscall.O_RDONLY, 0)
	if err != nil {
		return none
	}
	defer syscall.Close(fd)
	text, err := syscall.Mmap(fd, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return none
	}
	return (*int64)(unsafe.Pointer(&text[0]))
}
`

// steppable changes package time so that the program's clock can be stepped. It is a
// change of the build alone.
func steppable(t testing.TB) []sourceEdit {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	library := filepath.Join(strings.TrimSpace(string(root)), "src", "time")
	return []sourceEdit{
		{filepath.Join(library, "time.go"), "runtimeNow()\n\tif mono == 0 {", "runtimeNow()\n\tsec += *stepped\n\tif mono == 0 {"},
		{filepath.Join(library, "stepped.go"), "", goClockSource},
	}
}
