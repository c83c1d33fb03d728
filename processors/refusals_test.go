package processors_test

import (
	"testing"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// Black is refused out of turn and White moves. Then Black's client repeats the same
// command, through an instance that has not read the refusal. The command must not
// be accepted, neither now nor after a restart of the processor.
func TestRepeatedCommandStaysRefused(t *testing.T) {
	checkStaysRefused(t, newRig(t, 2), schemas.NewID())
}

// The replies topic may have more partitions than the commands topic, so that the
// refusal is on a partition with another number.
func TestRepeatedCommandStaysRefusedWithMoreReplyPartitions(t *testing.T) {
	r := newRig(t, 2)
	if _, err := r.admin().CreatePartitions(t.Context(), 3, schemas.CommandReplies); err != nil {
		t.Fatal(err)
	}
	key := schemas.NewID()
	for kafka.PartitionOf(key, 2) == kafka.PartitionOf(key, 3) {
		key = schemas.NewID()
	}
	checkStaysRefused(t, r, key)
}

func checkStaysRefused(t *testing.T, r *rig, key string) {
	t.Helper()
	m := r.start()
	early := move(key, moveBlack, 1)
	r.send(early, move(key, moveWhite, 2), early)
	r.waitLog(schemas.CommandReplies, 2)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}

	r.start()
	r.send(early, move(key, moveBlack, 3))
	replies := r.waitLog(schemas.CommandReplies, 3)
	for _, rec := range replies {
		reply, err := schemas.DecodeReply(rec.Value)
		if err != nil || reply.Type != schemas.CommandRejected || reply.CommandID != early.ID || reply.Code != schemas.CodeNotYourTurn {
			t.Fatalf("got reply %+v: %v", reply, err)
		}
	}
	// The same move with a new id is decided against the row.
	events := r.waitLog(schemas.GameEvents, 2)
	if n := len(r.log(schemas.GameEvents)); n != 2 {
		t.Fatalf("the log has %d events, want 2", n)
	}
	last, err := schemas.DecodeEvent(events[1].Value)
	if err != nil || last.CommandID != move(key, moveBlack, 3).ID {
		t.Fatalf("the last event is %+v: %v", last, err)
	}
}
