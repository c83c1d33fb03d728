package follow_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka/follow"
)

func TestEmptyTopicHasCaughtUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(follow.Topic{Name: topic, Back: follow.Beginning}, follow.Topic{Name: "players-table", Back: time.Hour}).run().waitCaughtUp()
}

func TestTrimmedTopicHasCaughtUp(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]time.Duration{"beginning": follow.Beginning, "an hour": time.Hour, "end": 0} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.write(0, 20)
			r.trim()
			f := r.start(follow.Topic{Name: topic, Back: back})
			r.write(20, 30)
			f.run()
			f.waitCaughtUp()
			f.want(20, 30, false)
		})
	}
}

func TestTopicTrimmedAfterStartCatchesUp(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]time.Duration{"beginning": follow.Beginning, "an hour": time.Hour} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.write(0, 20)
			f := r.start(follow.Topic{Name: topic, Back: back})
			r.trim()
			r.write(20, 30)
			f.run()
			f.waitCaughtUp()
			f.want(20, 30) // some came while their partition was behind
		})
	}
}

// A transaction ends with a marker, which takes an offset but is not a record.
func TestCatchesUpOnTopicEndingWithMarker(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	client := r.client(kgo.TransactionalID("t"), kgo.DefaultProduceTopic(topic))
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := client.ProduceSync(t.Context(), kgo.StringRecord("0")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := client.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	f := r.start(follow.Topic{Name: topic, Back: follow.Beginning}).run()
	f.want(0, 1, true)
	f.waitCaughtUp()
	r.write(1, 5)
	f.want(1, 5, false)
}

// A partition that holds only a marker ends after its start, without a record.
func TestCatchesUpOnMarkerAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	client := r.client(kgo.TransactionalID("t"), kgo.DefaultProduceTopic(topic))
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	record := &kgo.Record{Value: []byte("0")}
	if err := client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := client.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
	to := make(kadm.Offsets)
	to.AddOffset(topic, record.Partition, record.Offset+1, -1)
	if deleted, err := r.adm.DeleteRecords(t.Context(), to); err != nil || deleted.Error() != nil {
		t.Fatal(err, deleted.Error())
	}
	f := r.start(follow.Topic{Name: topic, Back: time.Hour}).run()
	f.waitCaughtUp()
	r.write(0, 5)
	f.want(0, 5, false)
}
