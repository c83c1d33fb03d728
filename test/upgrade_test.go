package test

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/gamestest"
	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// nextProgram builds the next release once for all tests: the same program with one
// format more.
var nextProgram = sync.OnceValues(func() (string, error) {
	root, err := filepath.Abs("..")
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, ".cache", "test", "tabiya-next")
	out, err := exec.Command("go", "build", "-tags", "next_format", "-o", path, "tabiya/cmd/tabiya").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the next release: %w\n%s", err, out)
	}
	return path, nil
})

func nextBinary(t testing.TB) string {
	t.Helper()
	path, err := nextProgram()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// replace stops a process and starts another program with the same arguments.
func (p *deployment) replace(t *testing.T, path, name string) {
	t.Helper()
	process := p.processes[name]
	process.interrupt(20 * time.Second)
	process.path = path
	process.start()
	ready(t, process, p.urls[name], time.Minute)
}

// upgrade runs `tabiya upgrade` of a release.
func (p *deployment) upgrade(t *testing.T, path, subcommand string) (output string, err error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), path, "upgrade", subcommand)
	command.Env = append(command.Environ(), p.env...)
	out, err := command.CombinedOutput()
	t.Logf("upgrade %s: %v\n%s", subcommand, err, out)
	return string(out), err
}

// formatsWritten counts the events of games and the rows of games by their format.
func (p *deployment) formatsWritten(t *testing.T) (events, rows map[int]int) {
	t.Helper()
	events, rows = map[int]int{}, map[int]int{}
	for topic, count := range map[string]func(*kgo.Record){
		schemas.GameEvents: func(r *kgo.Record) { events[schemas.FormatOf(kafka.Header(r, schemas.HeaderFormat))]++ },
		schemas.GamesTable: func(r *kgo.Record) {
			if r.Value != nil {
				rows[int(r.Value[0])]++
			}
		},
	} {
		if err := kafka.ReadAll(t.Context(), p.kafka, topic, func(r *kgo.Record) error { count(r); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return events, rows
}

// refusesToRun starts the older release in the place of a process, and checks that it
// says in one line that it is too old, is not ready, and sets no key aside.
func (p *deployment) refusesToRun(t *testing.T, older, name string) {
	t.Helper()
	process := p.processes[name]
	process.interrupt(20 * time.Second)
	before := len(process.log.String())
	process.path = older
	process.start()
	const refusal = "run a later release"
	said := func() string { return process.log.String()[before:] }
	eventually.True(t, name+" of the older release to say that it is too old", func() bool { return strings.Contains(said(), refusal) })
	time.Sleep(10 * time.Second) // several attempts
	if n := strings.Count(said(), refusal); n != 1 || strings.Contains(said(), "quarantined") {
		t.Errorf("%s of the older release said it %d times:\n%s", name, n, said())
	}
	if _, status, err := get(t.Context(), p.urls[name]+"/readyz"); err != nil || status == http.StatusOK {
		t.Errorf("%s of the older release is ready: %d, %v", name, status, err)
	}
}

// Two releases play games on one log, in turns and side by side. The way back is open
// until the upgrade is finished; after that the older release refuses to run, and the
// log, the database and the archive hold the same games.
func TestTwoReleasesRunSideBySideOnOneLog(t *testing.T) {
	older, newer := binary(t), nextBinary(t)
	names := []string{
		"processor players", "processor matchmaking", "processor games", "processor games 2", "sink postgres", "sink raw", "sink parquet",
		"service account", "service livegame", "service livegame 2", "service history",
	}
	p := startDeployment(t, names...)
	play := []string{"--url", p.gateway(t), "--service-token", p.serviceToken, "--games", "20", "--concurrency", "4", gamestest.Sample.Path(t)}
	underReplays(t, func() {
		for _, name := range []string{"sink postgres", "processor games", "service livegame", "processor players", "sink raw"} {
			p.replace(t, newer, name)
		}
		if out, err := p.upgrade(t, newer, "finish"); err == nil || !strings.Contains(out, "of an older release") {
			t.Errorf("finish is not refused beside the older release: %s", out)
		}
		if _, err := p.upgrade(t, newer, "status"); err == nil {
			t.Error("status says that the upgrade is finished")
		}
		for _, name := range []string{"processor games", "service livegame", "sink postgres"} { // the way back
			p.replace(t, older, name)
		}
		for _, name := range names {
			if p.processes[name].path != newer {
				p.replace(t, newer, name)
			}
		}
		if events, rows := p.formatsWritten(t); len(events) != 1 || len(rows) != 1 || events[1] == 0 {
			t.Errorf("before the end of the upgrade there are events of formats %v and rows of frames %v", events, rows)
		}
		if out, err := p.upgrade(t, newer, "finish"); err != nil || !strings.Contains(out, "game: format 2") {
			t.Fatalf("finish: %v: %s", err, out)
		}
		if _, err := p.upgrade(t, newer, "finish"); err != nil {
			t.Errorf("a second finish: %v", err)
		}
		if _, err := p.upgrade(t, newer, "status"); err != nil {
			t.Errorf("status after the upgrade: %v", err)
		}
		eventually.True(t, "events and rows of the later format", func() bool {
			events, rows := p.formatsWritten(t)
			return events[2] > 100 && len(rows) == 2
		})
		for _, name := range []string{"processor games 2", "service livegame 2", "sink raw"} {
			p.refusesToRun(t, older, name)
			p.replace(t, newer, name)
		}
	}, play)
	checkAll(t, p.stores)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if body, status, err := get(ctx, p.opsURLs["processor games"]+"/metrics"); err != nil || status != http.StatusOK ||
		!strings.Contains(string(body), `tabiya_quarantined_keys{group="games"} 0`) {
		t.Errorf("keys are quarantined: %v", err)
	}
}
