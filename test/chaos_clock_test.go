package test

import (
	endian "encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clock is the offset of a process's clock from the machine's in whole seconds, in a file
// that the process maps. Monotonic time stays the machine's.
type clock struct{ file string }

// clockEnv tells a process the file of its clock.
const clockEnv = "TABIYA_TEST_CLOCK"

func newClock(t testing.TB) *clock {
	t.Helper()
	c := &clock{filepath.Join(dataDir(t), "clock")}
	c.step(0)
	return c
}

// env is the environment of the process.
func (c *clock) env() string { return clockEnv + "=" + c.file }

// step writes in place, since the process has mapped the file.
func (c *clock) step(offset time.Duration) {
	file, err := os.OpenFile(c.file, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer file.Close()
	_, _ = file.WriteAt(endian.NativeEndian.AppendUint64(nil, uint64(int64(offset.Seconds()))), 0)
}

// buildClockLibrary compiles the library that steps the clock of a program that looks at
// it through libc, such as a JVM. It returns its path, "" without a compiler.
func buildClockLibrary(t testing.TB) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		t.Log("no broker's clock is stepped: gcc is not installed")
		return ""
	}
	library := filepath.Join(t.TempDir(), "clock.so")
	out, err := exec.Command(compiler, "-O2", "-shared", "-fPIC", "-o", library, filepath.Join("testdata", "clock.c"), "-ldl").CombinedOutput()
	if err != nil {
		t.Fatalf("build the clock: %v\n%s", err, out)
	}
	return library
}

// goClockSource is a file of package time: Go looks at the clock without libc.
const goClockSource = `package time

import (
	"syscall"
	"unsafe"
)

var stepped = openStepped()

func openStepped() *int64 {
	none := new(int64)
	path, ok := syscall.Getenv("` + clockEnv + `")
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
