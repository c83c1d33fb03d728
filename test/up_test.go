package test

import (
	"strings"
	"testing"
	"time"
)

func TestUpStopsInTenSecondsAndGoesOnWithItsData(t *testing.T) {
	t.Parallel()
	p := up(t)
	succeed(t, p.replay(t, "--games", "20", blitz), 2*time.Minute)
	before := checkAll(t, p.place)

	if took, status := p.interrupt(15 * time.Second); took > 10*time.Second || status != 0 {
		t.Errorf("Ctrl-C ended it in %s with status %d", took, status)
	}
	p.again(t)
	ready(t, p.process, p.url, time.Minute)
	if after := readLog(t, p.place); len(after) < len(before) {
		t.Errorf("the log had %d events before the restart and has %d", len(before), len(after))
	}
	succeed(t, p.replay(t, "--games", "20", "--via-queue", blitz), 2*time.Minute)
	checkAll(t, p.place)
}

func TestASecondUpOnTheSameDataIsRefusedInOneLine(t *testing.T) {
	t.Parallel()
	p := up(t)
	second := launch(t, "second up", nil, "up", "--data", p.data, "--listen", "127.0.0.1:0")
	second.wait(20 * time.Second)
	said := strings.TrimSpace(second.log.String())
	if status := second.cmd.ProcessState.ExitCode(); status != 1 || strings.Count(said, "\n") > 0 || !strings.Contains(said, "in use") {
		t.Errorf("status %d, said:\n%s", status, said)
	}
	ready(t, p.process, p.url, 5*time.Second)
}
