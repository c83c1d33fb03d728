package postgres

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
	"tabiya/sinks/sinktest"
)

func ratedEvent(seq int64, playerID string, rating float64) schemas.Event {
	return schemas.Event{
		ID: schemas.EventID(playerID, seq), Type: schemas.PlayerRated, Key: playerID, Seq: seq, OccurredAt: sinktest.Start.Add(time.Duration(seq) * time.Minute),
		Region: "eu", CommandID: schemas.NewID(), Payload: &schemas.PlayerRatedPayload{
			GameID: schemas.NewID(), Speed: schemas.Blitz, Rating: rating, Deviation: 80.25, Volatility: 0.059, Change: -3.75, Games: int(seq),
		},
	}
}

// Each rating is a row, also if the log has its event twice, in a batch with it or
// behind it; what is no rating is passed over.
func TestEveryRatingIsWrittenOnce(t *testing.T) {
	t.Parallel()
	log, events := newLog(t, 3)
	db := postgrestest.New(t)
	anna, ben := schemas.NewID(), schemas.NewID()
	want := []schemas.Event{ratedEvent(1, anna, 1512.25), ratedEvent(2, anna, 1508.5), ratedEvent(1, ben, 1490)}
	log.Append(t, sinktest.Records(append(want, want[1]), partitions)...)
	invalid := ratedEvent(4, anna, 1)
	invalid.Payload.(*schemas.PlayerRatedPayload).GameID = "no-game"
	log.Append(t, sinktest.Record(invalid, partitions), &kgo.Record{Topic: schemas.PlayerEvents, Value: []byte("{")})
	s := start(t, log.Config, db, nil)
	waitWritten(t, log, db)
	s.stop()
	last := ratedEvent(3, anna, 1520)
	log.Append(t, sinktest.Records([]schemas.Event{want[0], last}, partitions)...)
	start(t, log.Config, db, nil)
	waitWritten(t, log, db)
	wantRows(t, db, events)
	want = append(want, last)
	for _, ev := range want {
		p := ev.Payload.(*schemas.PlayerRatedPayload)
		var got schemas.PlayerRatedPayload
		var at time.Time
		err := db.Pool.QueryRow(t.Context(), `SELECT game_id::text, speed, rating, deviation, volatility, change, games, rated_at
			FROM ratings WHERE player_id = $1 AND game_id = $2`, ev.Key, p.GameID).
			Scan(&got.GameID, &got.Speed, &got.Rating, &got.Deviation, &got.Volatility, &got.Change, &got.Games, &at)
		if err != nil || got != *p || schemas.TimeOf(at) != ev.OccurredAt {
			t.Errorf("got %+v at %v, want %+v: %v", got, at, p, err)
		}
	}
	var rows int
	if err := db.Pool.QueryRow(t.Context(), "SELECT count(*) FROM ratings").Scan(&rows); err != nil || rows != len(want) {
		t.Errorf("%d rows: %v", rows, err)
	}
}
