package check

import (
	"bytes"
	"context"
	"fmt"

	"github.com/parquet-go/parquet-go"

	"tabiya/internal/objstore"
	"tabiya/schemas"
)

// EventRow has the columns of a Parquet file of events that are compared.
type EventRow struct {
	EventID   string `parquet:"event_id"`
	EventType string `parquet:"event_type"`
	Topic     string `parquet:"topic"`
	Partition int32  `parquet:"kafka_partition"`
	Offset    int64  `parquet:"kafka_offset"`
	Seq       int64  `parquet:"seq"`
	CommandID string `parquet:"command_id"`
	Payload   string `parquet:"payload"`

	Region string `parquet:"-"` // of its file's path
}

// GameRow has the columns of a Parquet file of games that are compared.
type GameRow struct {
	GameID      string   `parquet:"game_id"`
	Result      string   `parquet:"result"`
	Termination string   `parquet:"termination"`
	WhiteID     string   `parquet:"white_id"`
	BlackID     string   `parquet:"black_id"`
	Moves       []string `parquet:"moves,list"`
	ClocksCs    []int32  `parquet:"clocks_cs,list"`
	EventID     string   `parquet:"event_id"`
}

// ReadParquet reads the Parquet archive.
func ReadParquet(ctx context.Context, bucket *objstore.Bucket) (events []EventRow, games []GameRow, err error) {
	err = eachFile(ctx, bucket, "events/v1/", func(key string, text []byte) error {
		rows, err := parquet.Read[EventRow](bytes.NewReader(text), int64(len(text)))
		for i := range rows {
			rows[i].Region = folder(key, "region")
		}
		events = append(events, rows...)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	err = eachFile(ctx, bucket, "games/v1/", func(_ string, text []byte) error {
		rows, err := parquet.Read[GameRow](bytes.NewReader(text), int64(len(text)))
		games = append(games, rows...)
		return err
	})
	return events, games, err
}

// Parquet compares the Parquet archive with the log: a row for each event, in the same
// order, and a row for each finished game.
func (l Log) Parquet(events []EventRow, games []GameRow) []Finding {
	f := findings{check: "parquet"}
	want, got := sequences{}, sequences{}
	for _, r := range l {
		at := place(r.Topic, r.Partition, r.Region)
		want[at] = append(want[at], fmt.Sprint(r.Offset, r.ID, r.Type, r.Seq, r.CommandID, r.Body))
	}
	for _, r := range events {
		at := place(r.Topic, r.Partition, r.Region)
		got[at] = append(got[at], fmt.Sprint(r.Offset, r.EventID, r.EventType, r.Seq, r.CommandID, r.Payload))
	}
	f.compare(want, got)
	wantGames, gotGames := map[string]string{}, map[string]string{}
	for id, r := range l.Over() {
		g := r.Payload.(*schemas.GameOver)
		wantGames[id] = fmt.Sprint(g.Result, g.Termination, g.White.PlayerID, g.Black.PlayerID, g.Moves, g.ClocksCs, r.ID)
	}
	for _, g := range games {
		if _, twice := gotGames[g.GameID]; twice {
			f.addf("game %s is there twice", g.GameID)
		}
		gotGames[g.GameID] = fmt.Sprint(g.Result, g.Termination, g.WhiteID, g.BlackID, g.Moves, g.ClocksCs, g.EventID)
	}
	f.compareGames(wantGames, gotGames)
	return f.list()
}
