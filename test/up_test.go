package test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tabiya/internal/gamestest"
)

func TestUpStopsWithinTenSecondsUnderLoadAndKeepsItsData(t *testing.T) {
	t.Parallel()
	p := up(t)
	underReplays(t, func() {
		for range 3 {
			<-time.After(2 * time.Second)
			took, status := p.interrupt(15 * time.Second)
			if took > 10*time.Second || status != 0 {
				t.Errorf("it ended %s after Ctrl-C with status %d", took, status)
			}
			t.Logf("stopped in %s", took)
			p.restart(t)
			ready(t, p.process, p.url, time.Minute)
		}
	}, p.games("--games", "40", "--concurrency", "8", gamestest.Sample.Path(t)), p.games("--games", "10", "--via-queue", gamestest.Sample.Path(t)))
	before := checkAll(t, p.stores)

	p.interrupt(15 * time.Second)
	p.restart(t)
	ready(t, p.process, p.url, time.Minute)
	if after := readLog(t, p.stores); len(after) < len(before) {
		t.Errorf("the log had %d events before the restart and has %d", len(before), len(after))
	}
}

func TestSecondUpOnSameDataFolderFailsWithOneLine(t *testing.T) {
	t.Parallel()
	p := up(t)
	for _, address := range []string{"127.0.0.1:0", strings.TrimPrefix(p.url, "http://")} { // the second address is also in use
		second := launch(t, "second up", nil, "up", "--data", p.data, "--listen", address)
		second.wait(20 * time.Second)
		output := strings.TrimSpace(second.log.String())
		if status := second.cmd.ProcessState.ExitCode(); status != 1 || strings.Count(output, "\n") > 0 || !strings.Contains(output, "data folder is in use") {
			t.Errorf("on %s: status %d, output:\n%s", address, status, output)
		}
	}
	ready(t, p.process, p.url, 5*time.Second)
}

func TestReplayOfRealGameFilesHasNoMismatch(t *testing.T) {
	p := up(t)
	for _, file := range gamestest.Files(t) {
		replay := p.replay(t, file.Path(t))
		succeed(t, replay, 10*time.Minute)
		report := " " + strings.Join(strings.Fields(replay.log.String()), " ") + " "
		for _, want := range []string{
			fmt.Sprintf(" games %d ", file.Games-file.SetUp),
			fmt.Sprintf(" plies %d ", file.Plies-file.SetUpPlies),
			fmt.Sprintf(" skipped %d ", file.SetUp),
			" mismatches 0 ",
		} {
			if !strings.Contains(report, want) {
				t.Errorf("%s: the report lacks %q", file.Name, want)
			}
		}
	}
	checkAll(t, p.stores)
}
