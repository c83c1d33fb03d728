package processors_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// assignments counts how often Goka takes partitions and recovers their tables.
type assignments struct {
	slog.Handler
	n *atomic.Int32
}

func (a assignments) Enabled(context.Context, slog.Level) bool { return true }
func (a assignments) WithAttrs(as []slog.Attr) slog.Handler {
	return assignments{a.Handler.WithAttrs(as), a.n}
}
func (a assignments) Handle(ctx context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "setup generation") && strings.Contains(r.Message, "claims=") {
		a.n.Add(1)
	}
	if r.Level < slog.LevelInfo {
		return nil
	}
	return a.Handler.Handle(ctx, r)
}

// Goka's producer must not give up what cannot be written yet: that would end the
// session, and all partitions would move.
func TestUnwritableTopicIsWaitedOutWithoutMovingPartitions(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	r.RequireFake(t)
	r.Config.SendTimeout = 300 * time.Millisecond
	_, taken := r.startCounted()
	restore := r.LoseProduced(t, schemas.GamesTable)
	defer restore()
	first := move("g", moveWhite, 1)
	r.send(first)
	r.waitLog(schemas.GameEvents, 1)
	select {
	case <-t.Context().Done():
	case <-time.After(3 * r.Config.SendTimeout):
	}
	if n := r.committed(kafka.PartitionOf("g", 2)); n > 0 {
		t.Errorf("the command was committed before its row was written: offset %d", n)
	}
	restore()
	r.waitLog(schemas.GamesTable, 1)
	r.waitCommitted(kafka.PartitionOf("g", 2), 1)
	r.checkEvents(first)
	if n := taken.Load(); n != 1 {
		t.Errorf("the partitions were assigned %d times, want once", n)
	}
}

// Within the session timeout, the group still counts the member in.
func TestOutageShorterThanASessionMovesNoPartition(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	r.RequireFake(t)
	r.Config.SessionTimeout = time.Minute
	_, taken := r.startCounted()
	first := move("g", moveWhite, 1)
	r.send(first)
	r.waitLog(schemas.GameEvents, 1)
	r.Down()
	select { // heartbeats fail several times a second meanwhile
	case <-t.Context().Done():
	case <-time.After(3 * time.Second):
	}
	r.Up()
	second := move("g", moveBlack, 1)
	r.send(second)
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(first, second)
	if n := taken.Load(); n != 1 {
		t.Errorf("the partitions were assigned %d times, want once", n)
	}
}
