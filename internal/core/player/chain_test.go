package player

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"tabiya/schemas"
)

// For each speed, a rated game starts from what the game before it left, and each event
// holds all that its rating was computed from.
func TestRatingsOfEachSpeedAreChained(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(13, 3))
	d := registered(t)
	type last struct {
		p  *schemas.PlayerRatedPayload
		at schemas.Time
	}
	before := map[schemas.Speed]last{}
	for n := range 300 {
		d.at = d.at.Add(time.Duration(r.Int64N(int64(50 * 24 * time.Hour))))
		speed := []schemas.Speed{schemas.Bullet, schemas.Blitz, schemas.Rapid}[r.IntN(3)]
		out := d.command(schemas.NewID(), schemas.RecordResult, schemas.ActorSystem, &schemas.RecordResultPayload{
			GameID: fmt.Sprint("game ", n), Speed: speed, Rated: true, Score: float64(r.IntN(3)) / 2,
			Opponent: schemas.Seated{PlayerID: opponent, Rating: 4200 * r.Float64(), Deviation: 600 * r.Float64()},
		})
		e := event(t, out)
		p := e.Payload.(*schemas.PlayerRatedPayload)
		b := p.Basis
		if was := before[speed]; was.p == nil {
			if b.Rating != 1500 || b.Deviation != 500 || b.Volatility != 0.09 || b.SinceLastMs != 0 || p.Games != 1 {
				t.Fatalf("first %s game: %+v", speed, b)
			}
		} else if b.Rating != was.p.Rating || b.Deviation != was.p.Deviation || b.Volatility != was.p.Volatility ||
			b.SinceLastMs != e.OccurredAt.Std().Sub(was.at.Std()).Milliseconds() || p.Games != was.p.Games+1 {
			t.Fatalf("%s game %d starts from %+v, the one before it ended with %+v at %v", speed, p.Games, b, was.p, was.at)
		}
		if after, ok := Rerate(b); !ok || after.Rating != p.Rating || after.Deviation != p.Deviation || after.Volatility != p.Volatility {
			t.Fatalf("%+v gives %+v, the event says %+v", b, after, p)
		}
		before[speed] = last{p, e.OccurredAt}
	}
}

func TestTicketCarriesDeviationGrownOverAPause(t *testing.T) {
	t.Parallel()
	d := registered(t)
	p := event(t, d.record(game1, true, 1)).Payload.(*schemas.PlayerRatedPayload)
	d.at = d.at.Add(300 * 24 * time.Hour)
	ticket := forwarded(t, d.join(1, blitz)).Payload.(*schemas.EnterQueuePayload)
	if ticket.Deviation <= p.Deviation || ticket.Rating != p.Rating {
		t.Fatalf("the ticket has %+v, the last game left %+v", ticket, p)
	}
}

func TestResultAgainstImpossibleOpponentIsNotRated(t *testing.T) {
	t.Parallel()
	d := registered(t)
	zero := 0.0
	for _, opponent := range []schemas.Seated{
		{Rating: 1500, Deviation: 1 / zero}, {Rating: -1 / zero, Deviation: 50}, {Rating: zero / zero, Deviation: 50}, {Rating: 1500, Deviation: zero / zero},
	} {
		out := d.command(schemas.NewID(), schemas.RecordResult, schemas.ActorSystem, &schemas.RecordResultPayload{
			GameID: "odd", Speed: schemas.Blitz, Rated: true, Score: 1, Opponent: opponent,
		})
		if out != nil {
			t.Errorf("%+v was rated: %+v", opponent, out)
		}
	}
}
