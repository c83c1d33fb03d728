package processors_test

import (
	"strings"
	"testing"

	"tabiya/schemas"
)

func TestTheProcessorComesBackByItselfWhenKafkaWasAway(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	r.RequireFake(t)
	m := r.start()
	first := step("g", stepAsWhite, 1)
	r.send(first)
	r.waitLog(schemas.GameEvents, 1)
	r.Down()
	eventually(t, "the processor notices", func() bool { return m.Ready() != nil })
	r.Up()
	m.waitReady()
	second := step("g", stepAsBlack, 1)
	r.send(second)
	r.waitLog(schemas.GameEvents, 2)
	r.checkEvents(first, second)
}

func TestTheProcessorWaitsForABrokerThatComesLater(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.RequireFake(t)
	r.Down()
	m := r.startUnready()
	eventually(t, "an attempt has failed", func() bool {
		err := m.Ready()
		return err != nil && strings.Contains(err.Error(), "start processor games: ")
	})
	r.Up()
	m.waitReady()
}

func TestStoppingWhileKafkaIsAwayEndsInTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	r.RequireFake(t)
	restore := r.LoseProduced(t, schemas.GameEvents)
	defer restore()
	r.send(step("g", stepAsWhite, 1))
	r.waitLog(schemas.GamesTable, 1)
	r.Down()
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
}
