package follow_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"tabiya/internal/kafka/follow"
)

func TestReadsFromBeginningAndContinues(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write(0, 50)
	f := r.start(follow.Topic{Name: topic, Back: follow.Beginning})
	if n := f.Partitions(topic); n != 3 {
		t.Fatalf("%d partitions", n)
	}
	f.run()
	f.want(0, 50, true)
	f.waitCaughtUp()
	r.write(50, 60)
	f.want(50, 60, false)
}

func TestEndIsNotedByStart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	f := r.start(follow.Topic{Name: topic, Back: follow.Beginning})
	r.write(0, 20)
	f.run()
	f.waitCaughtUp()
	f.want(0, 20, false)
}

func TestBackCountsFromLastRecord(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	pass := r.brokerClock()
	one := func(n int) { r.write(n, n+1) }
	for range 3 { // the same key, so the same partition
		one(7)
	}
	pass(2 * time.Second)
	one(7)
	pass(1500 * time.Millisecond)
	f := r.start(follow.Topic{Name: topic, Back: time.Second}).run()
	f.want(7, 8, true)
	f.waitCaughtUp()
	if len(f.values) > 0 {
		t.Fatalf("got %v too", <-f.values)
	}
}

func TestZeroBackSkipsExistingRecords(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write(0, 10)
	f := r.start(follow.Topic{Name: topic})
	r.write(10, 20)
	f.run()
	f.waitCaughtUp()
	f.want(10, 20, false)
}

func TestStartFailsOnMissingTopic(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := follow.Start(t.Context(), r.client(), nil, follow.Topic{Name: topic}, follow.Topic{Name: "missing"})
	if err == nil || !strings.Contains(err.Error(), "follow missing") {
		t.Fatal(err)
	}
}

func TestStartFailsWhileBrokerIsAway(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.RequireFake(t)
	r.Down()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := follow.Start(ctx, r.client(), nil, follow.Topic{Name: topic}); err == nil {
		t.Fatal("Start succeeded")
	}
}

func TestContinuesAfterOutage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.RequireFake(t)
	r.write(0, 10)
	f := r.start(follow.Topic{Name: topic, Back: follow.Beginning})
	r.Down() // before it has caught up
	f.run()
	r.WaitRefused(t, 8) // both fetches and checks of the tails
	r.Up()
	f.want(0, 10, true)
	f.waitCaughtUp()
	r.Down()
	r.Up()
	r.write(10, 20)
	f.want(10, 20, false)
}

func TestRunFailsWhenTopicIsRecreated(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write(0, 10)
	f := r.start(follow.Topic{Name: topic, Back: follow.Beginning}).run()
	f.want(0, 10, true)
	f.waitCaughtUp()
	r.recreate()
	f.wantError(kerr.UnknownTopicID)
}

func TestRunFailsWhenTopicIsRecreatedAfterStart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.write(0, 10)
	f := r.start(follow.Topic{Name: topic, Back: follow.Beginning})
	r.recreate()
	f.run()
	f.wantError(follow.ErrShortened)
}
