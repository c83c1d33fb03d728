package test

import (
	endian "encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
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

// step writes in place, since the process has mapped the file.
func (c *clock) step(offset time.Duration) {
	file, err := os.OpenFile(c.file, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer file.Close()
	_, _ = file.WriteAt(endian.NativeEndian.AppendUint64(nil, uint64(int64(offset.Seconds()))), 0)
}

// env is the environment of a process whose clock this is.
func (c *clock) env(library string) []string {
	return []string{"LD_PRELOAD=" + library, clockEnv + "=" + c.file}
}

// buildClockLibrary compiles the library that steps the clock of a process. It returns
// its path, "" without a compiler.
func buildClockLibrary(t testing.TB) string {
	t.Helper()
	compiler, err := exec.LookPath("gcc")
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal("no clock can be stepped: gcc is not installed")
	case err != nil:
		t.Log("no clock is stepped: gcc is not installed")
		return ""
	}
	library := filepath.Join(t.TempDir(), "clock.so")
	out, err := exec.Command(compiler, "-O2", "-shared", "-fPIC", "-o", library, filepath.Join("testdata", "clock.c"), "-ldl").CombinedOutput()
	if err != nil {
		t.Fatalf("build the clock: %v\n%s", err, out)
	}
	return library
}
