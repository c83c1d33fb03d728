package processors_test

import (
	"strings"
	"testing"

	"tabiya/internal/eventually"
	"tabiya/schemas"
)

func TestProcessorRecoversFromAnOutage(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	r.RequireFake(t)
	m := r.start()
	first := move("g", moveWhite, 1)
	r.send(first)
	r.waitLog(schemas.GameEvents, 1)
	r.Down()
	eventually.True(t, "the processor to be unready", func() bool { return m.Ready() != nil })
	r.Up()
	m.waitReady()
	second := move("g", moveBlack, 1)
	r.send(second)
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(first, second)
}

func TestProcessorStartsDuringAnOutage(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.RequireFake(t)
	r.Down()
	m := r.startUnready()
	eventually.True(t, "a first attempt to fail", func() bool {
		err := m.Ready()
		return err != nil && strings.Contains(err.Error(), "start processor games: ")
	})
	r.Up()
	m.waitReady()
}

func TestProcessorStopsInTimeDuringAnOutage(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	r.RequireFake(t)
	restore := r.LoseProduced(t, schemas.GameEvents)
	defer restore()
	r.send(move("g", moveWhite, 1))
	r.waitLog(schemas.GamesTable, 1)
	r.Down()
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
}
