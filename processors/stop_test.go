package processors_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/processors"
	"tabiya/schemas"
	"tabiya/tables"
)

// memberEnv makes the test binary a member of the group on these brokers.
const memberEnv = "TABIYA_TEST_MEMBER"

// Sessions of the test with a stopped member: a real broker allows no shorter.
const (
	shortSession     = 2 * time.Second
	realShortSession = 6 * time.Second
	sessionEnv       = "TABIYA_TEST_SESSION"
)

func TestMain(m *testing.M) {
	brokers := os.Getenv(memberEnv)
	if brokers == "" {
		os.Exit(m.Run())
	}
	session, err := time.ParseDuration(os.Getenv(sessionEnv))
	if err != nil {
		panic(err)
	}
	cfg := kafka.Config{Brokers: strings.Split(brokers, ","), SessionTimeout: session}
	_ = processors.Run(context.Background(), processors.Config{Kafka: cfg}, tallyTable(), tallyCore{}) // it ends by SIGKILL
	os.Exit(1)
}

// startChild runs a member in a process of its own, with a short session.
func (r *rig) startChild() *exec.Cmd {
	r.t.Helper()
	r.Config.SessionTimeout = shortSession
	if r.Fake == nil {
		r.Config.SessionTimeout = realShortSession
	}
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), memberEnv+"="+strings.Join(r.Config.Brokers, ","), sessionEnv+"="+r.Config.SessionTimeout.String())
	if err := child.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	})
	return child
}

// An owner stands still for longer than its session (SIGSTOP), another takes its
// partition and goes on, and the first one wakes up (SIGCONT) with commands in
// its hands. What it may still write must not move a row backwards.
func TestAStoppedOwnerThatWakesUpDoesNotMoveTheTableBackwards(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	child := r.startChild()
	play := func(from, to int64) (cmds []schemas.Command) {
		for n := from; n < to; n++ {
			how := stepAsWhite
			if n%2 == 1 {
				how = stepAsBlack
			}
			cmds = append(cmds, step("g", how, n))
		}
		return cmds
	}
	all := play(0, 400)
	r.send(all[:1]...)
	r.waitLog(schemas.GameEvents, 1) // the child owns the partition
	for _, cmd := range all[1:100] { // and is in the middle of these when it stops
		r.producer.SendAsync(cmd, nil)
	}
	if err := child.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.send(all[100:200]...)
	r.waitLog(schemas.GameEvents, 200)
	if err := child.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	r.send(all[200:]...)
	r.waitLog(schemas.GameEvents, 400)
	r.waitCommitted(0, 400)

	seen := make(map[string]bool)
	for _, rec := range r.log(schemas.GameEvents) {
		ev, err := schemas.DecodeEvent(rec.Value)
		if err != nil {
			t.Fatal(err)
		}
		seen[ev.ID] = true
	}
	if len(seen) != 400 {
		t.Fatalf("%d different events, not 400", len(seen))
	}
	// The table as any recovery sees it.
	view := tables.NewView(r.Config, tallyTable(), nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go func() { _ = view.Run(ctx) }()
	if _, ok := view.WaitUntil(ctx, "g", func(row *tally) bool { return row.Count == 400 && row.head.Version == 400 }); !ok {
		t.Fatal("the row is not at 400")
	}
}

// Nobody took over: the one that wakes up joins again, and its timers run.
func TestAMemberThatStoodStillJoinsAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	child := r.startChild()
	r.send(plain(schemas.OfferDraw, "g"))
	r.waitLog(schemas.GameEvents, 2) // its timer too
	if err := child.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	adm := r.admin()
	eventually.True(t, "the broker drops the member", func() bool {
		groups, err := adm.DescribeGroups(t.Context(), schemas.GamesGroup)
		return err == nil && len(groups[schemas.GamesGroup].Members) == 0
	})
	if err := child.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	r.send(plain(schemas.OfferDraw, "h"))
	r.waitLog(schemas.GameEvents, 4)
}

func TestAPauseLongerThanHalfASessionTripsThePulse(t *testing.T) {
	t.Parallel()
	tripped := 0
	p := processors.NewPulse(20*time.Millisecond, func() { tripped++ })
	eventually.True(t, "the check fails", func() bool { return p.Check() != nil })
	if p.Check() == nil || tripped != 1 {
		t.Fatalf("tripped %d times", tripped)
	}
}
