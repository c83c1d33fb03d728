package processors_test

import (
	"testing"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// Black is refused out of turn, White moves, and Black's client sends the very
// command again, by way of an instance that has not read the refusal: it must
// not enter the game, neither now nor after a restart of the processor.
func TestARefusedCommandThatIsSentAgainIsRefusedAgain(t *testing.T) {
	refusedAgain(t, newRig(t, 2), schemas.NewID())
}

// The replies' topic may have been given more partitions than the commands'.
func TestItIsRefusedAgainWhereverItsRefusalLies(t *testing.T) {
	r := newRig(t, 2)
	if _, err := r.admin().CreatePartitions(t.Context(), 3, schemas.CommandReplies); err != nil {
		t.Fatal(err)
	}
	key := schemas.NewID()
	for kafka.PartitionOf(key, 2) == kafka.PartitionOf(key, 3) {
		key = schemas.NewID()
	}
	refusedAgain(t, r, key)
}

func refusedAgain(t *testing.T, r *rig, key string) {
	t.Helper()
	m := r.start()
	early := step(key, stepAsBlack, 1)
	r.send(early, step(key, stepAsWhite, 2), early)
	r.waitLog(schemas.CommandReplies, 2)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}

	r.start()
	r.send(early, step(key, stepAsBlack, 3))
	replies := r.waitLog(schemas.CommandReplies, 3)
	for _, rec := range replies {
		reply, err := schemas.DecodeReply(rec.Value)
		if err != nil || reply.Type != schemas.CommandRejected || reply.CommandID != early.ID || reply.Code != schemas.CodeNotYourTurn {
			t.Fatalf("%+v, %v", reply, err)
		}
	}
	// The same move under an id of its own is judged by the row.
	events := r.waitLog(schemas.GameEvents, 2)
	if n := len(r.log(schemas.GameEvents)); n != 2 {
		t.Fatalf("%d events", n)
	}
	last, err := schemas.DecodeEvent(events[1].Value)
	if err != nil || last.CommandID != step(key, stepAsBlack, 3).ID {
		t.Fatalf("%+v, %v", last, err)
	}
}
