package processors_test

import (
	"context"
	"errors"
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

// Session timeouts of a member that is stopped by a test.
const (
	shortSession     = 2 * time.Second
	realShortSession = 6 * time.Second // a real broker's minimum
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
	_ = processors.Run(context.Background(), processors.Config{Kafka: cfg}, counterTable(), counterCore{}) // it ends by SIGKILL
	os.Exit(1)
}

// startChild runs a member with a short session in a child process.
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

// Others get the partitions of a member that stops at once, not after its session.
func TestStoppedProcessorLeavesItsGroup(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	if err := r.start().stop(); err != nil {
		t.Fatal(err)
	}
	groups, err := r.admin().DescribeGroups(t.Context(), schemas.GamesGroup)
	if err := errors.Join(err, groups.Error()); err != nil {
		t.Fatal(err)
	}
	if members := groups[schemas.GamesGroup].Members; len(members) > 0 {
		t.Errorf("the group still has %d members", len(members))
	}
}

// An owner is stopped (SIGSTOP) for longer than its session, and another member takes
// its partition. When the first one continues (SIGCONT) it still holds commands.
// Nothing that it writes then may move a row backwards.
func TestStaleOwnerDoesNotMoveTheTableBackwards(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	child := r.startChild()
	play := func(from, to int64) (cmds []schemas.Command) {
		for n := from; n < to; n++ {
			uci := moveWhite
			if n%2 == 1 {
				uci = moveBlack
			}
			cmds = append(cmds, move("g", uci, n))
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
		t.Fatalf("the log has %d different events, want 400", len(seen))
	}
	// A view reads the table like a recovery.
	view := tables.NewView(r.Config, counterTable(), nil)
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	go func() { _ = view.Run(ctx) }()
	if _, ok := view.WaitUntil(ctx, "g", func(row *counter) bool { return row.Count == 400 && row.head.Version == 400 }); !ok {
		t.Fatal("the row never reached version 400")
	}
}

// No other member takes the partitions: the stopped one joins the group again, and its
// timers fire.
func TestStalledMemberJoinsAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	child := r.startChild()
	r.send(command(schemas.OfferDraw, "g"))
	r.waitLog(schemas.GameEvents, 2) // the second is the timer's
	if err := child.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	adm := r.admin()
	eventually.True(t, "the broker to drop the member", func() bool {
		groups, err := adm.DescribeGroups(t.Context(), schemas.GamesGroup)
		return err == nil && len(groups[schemas.GamesGroup].Members) == 0
	})
	if err := child.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	r.send(command(schemas.OfferDraw, "h"))
	r.waitLog(schemas.GameEvents, 4)
}

func TestStallDetectorReportsAPauseOfHalfASessionOnce(t *testing.T) {
	t.Parallel()
	calls := 0
	d := processors.NewStallDetector(20*time.Millisecond, func() { calls++ })
	eventually.True(t, "the detector to notice the stall", func() bool { return d.Check() != nil })
	if d.Check() == nil || calls != 1 {
		t.Fatalf("onStall was called %d times, want 1", calls)
	}
}
