package processors_test

import (
	"sync/atomic"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka/brokertime"
	"tabiya/schemas"
)

// After a long outage every game of the partition waits for its players, although its
// flag is far and nobody moves.
func TestEveryGameWaitsForItsPlayersAfterALongOutage(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.RequireFake(t)
	var ahead atomic.Int64 // of the broker's clock
	brokertime.InstallClock(r.Fake, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
	r.startGames(nil)
	r.giveSignsOfLife()
	create := groups()[schemas.GameCommands].command(0)
	payload := create.Payload.(*schemas.CreateGamePayload)
	payload.TimeControl = schemas.TimeControl{InitialCs: 540_000}
	move := func(by schemas.Seated, uci string) schemas.Command {
		return schemas.Command{ID: schemas.NewID(), Type: schemas.PlayMove, Key: create.Key, Region: "eu", Actor: by.PlayerID,
			Payload: &schemas.PlayMovePayload{UCI: uci}}
	}
	r.send(create, move(payload.White, "e2e4"), move(payload.Black, "e7e5"))
	r.waitLog(schemas.GameEvents, 4)
	r.waitPulses(2)
	ahead.Store(int64(11 * time.Minute))
	eventually.True(t, "the game to wait", func() bool {
		records := r.log(schemas.GameEvents)
		ev, err := schemas.DecodeEvent(records[len(records)-1].Value)
		if err != nil {
			t.Fatal(err)
		}
		restored, ok := ev.Payload.(*schemas.TimeRestoredPayload)
		return ok && restored.Waiting && restored.RestoredCs > 60_000
	})
}
