package topology_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

// setFormat writes topology as a release that writes that format would.
func (r *rig) setFormat(format int) {
	r.t.Helper()
	s := r.read()
	for _, a := range schemas.Aggregates() {
		record := s.Of(a.Events)
		record.Format = format
		r.write(a.Name, record.Encode())
	}
}

// join makes a process with that client id a member of the group in which processes
// are seen.
func (r *rig) join(clientID string) *kgo.Client {
	r.t.Helper()
	client, err := kgo.NewClient(append(r.Config.Opts(), kgo.ClientID(clientID), kgo.ConsumerGroup("processes"),
		kgo.ConsumeTopics(schemas.TopologyTopic), kgo.Balancers(kgo.CooperativeStickyBalancer()))...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(client.Close)
	eventually.True(r.t, "the member to join", func() bool {
		_, generation := client.GroupMetadata()
		return generation >= 0
	})
	return client
}

func TestFormatNeverFalls(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	before := r.read().Of(schemas.GameEvents)
	r.setFormat(3)
	r.write("game", before.Encode()) // by a delayed writer
	next := before
	next.Generation = 2
	r.write("game", next.Encode()) // by an adopt that read topology before the format was raised
	if got := r.read().Of(schemas.GameEvents); got.Generation != 2 || got.Format != 3 {
		t.Errorf("got generation %d, format %d", got.Generation, got.Format)
	}
}

func TestWatchGoesOnWhenTheFormatIsRaisedWithinReach(t *testing.T) {
	t.Parallel()
	if schemas.LatestFormat == schemas.OldestFormat {
		t.Skip("this release knows one format; run with -tags next_format")
	}
	r := newRig(t, 1)
	raised, ended := make(chan topology.Snapshot, 1), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	s := r.read()
	go func() {
		ended <- s.Watch(ctx, r.client, func(now topology.Snapshot) { raised <- now }, schemas.GameEvents)
	}()
	r.setFormat(schemas.LatestFormat)
	select {
	case now := <-raised:
		if got := now.Of(schemas.GameCommands).Format; got != schemas.LatestFormat {
			t.Errorf("the format is %d", got)
		}
	case err := <-ended:
		t.Fatalf("Watch returned %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWatchEndsWhenTheFormatIsRaisedOutOfReach(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	s := r.read()
	ended := make(chan error, 1)
	go func() { ended <- s.Watch(t.Context(), r.client, func(topology.Snapshot) {}, schemas.GameEvents) }()
	r.setFormat(schemas.LatestFormat + 1)
	if err := <-ended; !errors.Is(err, schemas.ErrLaterFormat) || !errors.Is(err, topology.ErrMismatch) || strings.Contains(err.Error(), "\n") {
		t.Errorf("Watch returned %v", err)
	}
}

func TestFinishUpgradeIsRefusedWhileAnOlderReleaseRuns(t *testing.T) {
	t.Parallel()
	if schemas.LatestFormat == schemas.OldestFormat {
		t.Skip("this release knows one format; run with -tags next_format")
	}
	r := newRig(t, 1)
	r.join("kcat")
	r.join("sink-raw-format-2")
	older := r.join("sink-postgres-format-1")
	_, err := topology.FinishUpgrade(t.Context(), r.Config)
	if err == nil || !strings.Contains(err.Error(), "1 processes are of an older release") || !strings.Contains(err.Error(), "sink-postgres") {
		t.Errorf("FinishUpgrade returned %v", err)
	}
	if got := r.read().Of(schemas.GameEvents).Format; got != schemas.OldestFormat {
		t.Fatalf("the format is %d", got)
	}
	older.Close()
	eventually.True(t, "the older process to be gone", func() bool {
		u, err := topology.ReadUpgrade(t.Context(), r.Config)
		return err == nil && len(u.Older()) == 0
	})
	for _, want := range []int{3, 0} { // a second call has nothing to do
		raised, err := topology.FinishUpgrade(t.Context(), r.Config)
		if err != nil || len(raised) != want {
			t.Errorf("FinishUpgrade raised %v: %v", raised, err)
		}
	}
	for _, a := range schemas.Aggregates() {
		if got := r.read().Of(a.Table).Format; got != schemas.LatestFormat {
			t.Errorf("%s has format %d", a.Name, got)
		}
	}
}

func TestInterruptedFinishUpgradeIsCompletedByTheNext(t *testing.T) {
	t.Parallel()
	if schemas.LatestFormat == schemas.OldestFormat {
		t.Skip("this release knows one format; run with -tags next_format")
	}
	r := newRig(t, 1)
	first := r.read().Of(schemas.PlayerEvents)
	first.Format = schemas.LatestFormat
	r.write(first.Aggregate, first.Encode())
	raised, err := topology.FinishUpgrade(t.Context(), r.Config)
	if err != nil || len(raised) != 2 {
		t.Errorf("FinishUpgrade raised %v: %v", raised, err)
	}
}

func TestFinishUpgradeOfAnEarlierReleaseIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.setFormat(schemas.LatestFormat + 1)
	if raised, err := topology.FinishUpgrade(t.Context(), r.Config); err == nil {
		t.Errorf("FinishUpgrade raised %v", raised)
	}
}

func TestProcessIsSeenWhileItRuns(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- kafka.Appear(ctx, r.Config, "processor games") }()
	seen := func() []kafka.Process {
		u, err := topology.ReadUpgrade(t.Context(), r.Config)
		if err != nil {
			t.Fatal(err)
		}
		return u.Processes
	}
	eventually.True(t, "the process to be seen", func() bool {
		all := seen()
		return len(all) == 1 && all[0].Name == "processor-games" && all[0].Format == schemas.LatestFormat
	})
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if all := seen(); len(all) != 0 {
		t.Errorf("the process that has ended is seen: %v", all)
	}
}
