package matchmaking

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tabiya/internal/core/queue"
	"tabiya/schemas"
)

func TestSilentInstanceIsKnownOnlyAfterListening(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := new(instances)
		want := func(silent []string, known bool) {
			t.Helper()
			if got, ok := i.silent([]string{"a", "b"}); ok != known || !slices.Equal(got, silent) {
				t.Fatalf("%v, %t", got, ok)
			}
		}
		want(nil, false)
		i.Listen()
		want(nil, false)
		i.Hear("a")
		i.Hear("b")
		want(nil, true)
		time.Sleep(maxSilence)
		i.Hear("a")
		want(nil, true)
		time.Sleep(time.Millisecond)
		want([]string{"b"}, true)
		i.Listen() // a new session: a sign may have been missed
		want(nil, false)
		i.Hear("b")
		want(nil, true)
		time.Sleep(20 * maxSilence)
		i.Hear("a")
		if want([]string{"b"}, true); len(i.heard) != 1 {
			t.Fatalf("%v", i.heard)
		}
	})
}

func TestNoWaveWhileAHolderIsSilent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const key = "eu/3+0/0"
		c := core{queue.Config{}.WithDefaults(), new(instances)}
		var row *queue.State
		enter := func(n int64, holder string) {
			id := schemas.DerivedID("ticket", "test", n)
			row, _, _ = c.Config.Decide(row, schemas.Command{ID: id, Type: schemas.EnterQueue, Key: key, Region: "eu", Payload: &schemas.EnterQueuePayload{
				TicketID: id, PlayerID: id, Rating: 1500, Holder: holder, Origin: schemas.Origin{Partitions: 1, Offset: n},
			}}, schemas.Time(n), n)
		}
		a, b := schemas.NewID(), schemas.NewID()
		enter(1, a)
		enter(2, b)
		want := func(command schemas.CommandType, silent ...string) {
			t.Helper()
			_, cmd, _, ok := c.NextTimer(key, row)
			got := cmd()
			if !ok || got.Type != command {
				t.Fatalf("%+v", got)
			}
			if p, ends := got.Payload.(*schemas.EndLeasesPayload); ends && !slices.Equal(p.Holders, silent) {
				t.Fatalf("%+v", p)
			}
		}
		c.Listen()
		want(schemas.EndLeases) // of whom nothing is known yet
		c.Hear(a)
		want(schemas.EndLeases)
		c.Hear(b)
		want(schemas.PairWave)
		time.Sleep(maxSilence)
		c.Hear(b)
		time.Sleep(time.Second)
		want(schemas.EndLeases, a)
	})
}
