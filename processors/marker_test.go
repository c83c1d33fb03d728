package processors_test

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// transactEverywhere writes garbage to every topic that a processor reads at its start,
// in a transaction, so that a marker is the last of each partition.
func (r *rig) transactEverywhere(end kgo.TransactionEndTry) {
	r.t.Helper()
	var garbage []*kgo.Record
	for _, topic := range []string{schemas.TopologyTopic, schemas.GamesTable, schemas.GameCommands, schemas.GameEvents, schemas.CommandReplies} {
		garbage = append(garbage, &kgo.Record{Topic: topic, Key: []byte("poisoned"), Value: []byte("garbage")})
	}
	r.Transact(r.t, end, garbage...)
}

// A marker takes an offset but reaches no consumer. No read of a topic may wait for it.
func TestMarkersAtTheEndOfEveryTopicStopNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	r.send(move("g", moveWhite, 1))
	r.waitLog(schemas.GameEvents, 1)
	r.waitCommitted(0, 1)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	r.transactEverywhere(kgo.TryCommit)
	r.transactEverywhere(kgo.TryAbort)
	r.start()
	r.send(move("g", moveBlack, 2))
	if events := r.waitLog(schemas.GameEvents, 4); string(events[3].Key) != "g" {
		t.Errorf("the last event has the key %q", events[3].Key)
	}
}

func TestTableOfMarkersAloneIsRecovered(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.RequireFake(t) // Apache Kafka deletes no records of a compacted topic on request
	r.Transact(t, kgo.TryAbort, &kgo.Record{Topic: schemas.GamesTable, Key: []byte("poisoned"), Value: []byte("garbage")})
	garbage := make(kadm.Offsets)
	garbage.AddOffset(schemas.GamesTable, 0, 1, -1)
	deleted, err := r.admin().DeleteRecords(t.Context(), garbage)
	if err := errors.Join(err, deleted.Error()); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.send(move("g", moveWhite, 1))
	r.waitLog(schemas.GameEvents, 1)
}
