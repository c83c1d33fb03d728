package parquet

import (
	"tabiya/schemas"
	"tabiya/sinks/archive"
	"tabiya/sinks/events"
)

// GameRow is one finished game, from its terminal event alone. Its region, date and
// hour are in the path of its file, by the broker time at which it ended. An aborted
// game has a row too, with the result "*". Times are in microseconds, clocks in
// centiseconds.
type GameRow struct {
	GameID         string  `parquet:"game_id"`
	CreatedAt      int64   `parquet:"created_at,delta,timestamp(microsecond)"`
	EndedAt        int64   `parquet:"ended_at,delta,timestamp(microsecond)"`
	WhiteID        string  `parquet:"white_id"`
	WhiteHandle    string  `parquet:"white_handle"`
	WhiteRating    float64 `parquet:"white_rating"`
	WhiteDeviation float64 `parquet:"white_deviation"`
	BlackID        string  `parquet:"black_id"`
	BlackHandle    string  `parquet:"black_handle"`
	BlackRating    float64 `parquet:"black_rating"`
	BlackDeviation float64 `parquet:"black_deviation"`
	Speed          string  `parquet:"speed,dict"`
	Rated          bool    `parquet:"rated"`
	Private        bool    `parquet:"private"`
	Queue          *string `parquet:"queue,optional,dict"` // null: created by a service
	InitialCs      int32   `parquet:"initial_cs,dict"`
	IncrementCs    int32   `parquet:"increment_cs,dict"`
	Result         string  `parquet:"result,dict"` // 1-0, 0-1, 1/2-1/2, *
	Termination    string  `parquet:"termination,dict"`
	Plies          int32   `parquet:"plies"`
	StartFEN       string  `parquet:"start_fen,dict"`
	FinalFEN       string  `parquet:"final_fen"`
	// Moves in UCI and the mover's clock after each, one for each ply.
	Moves    []string `parquet:"moves,list,dict"`
	ClocksCs []int32  `parquet:"clocks_cs,list"`
	// What each side was given back because nobody could move.
	WhiteRestoredCs int32 `parquet:"white_restored_cs,dict"`
	BlackRestoredCs int32 `parquet:"black_restored_cs,dict"`

	EventID        string `parquet:"event_id"` // of the terminal event
	EventType      string `parquet:"event_type,dict"`
	Seq            int64  `parquet:"seq"`
	CommandID      string `parquet:"command_id"`
	KafkaPartition int32  `parquet:"kafka_partition,dict"`
	KafkaOffset    int64  `parquet:"kafka_offset,delta"`
	BrokerTime     int64  `parquet:"broker_time,delta,timestamp(microsecond)"`
}

// fill fills the row from a terminal event. It reuses the row's ClocksCs.
func (r *GameRow) fill(c archive.Chunk, rec archive.Record, ev *events.Event, g *schemas.GameOver) {
	clocks := r.ClocksCs[:0]
	for _, cs := range g.ClocksCs {
		clocks = append(clocks, int32(cs))
	}
	*r = GameRow{
		GameID: ev.Key, CreatedAt: micros(g.CreatedAt), EndedAt: micros(g.EndedAt),
		WhiteID: g.White.PlayerID, WhiteHandle: g.White.Handle, WhiteRating: g.White.Rating, WhiteDeviation: g.White.Deviation,
		BlackID: g.Black.PlayerID, BlackHandle: g.Black.Handle, BlackRating: g.Black.Rating, BlackDeviation: g.Black.Deviation,
		Speed: string(g.Speed), Rated: g.CountsForRatings(), Private: g.Private,
		InitialCs: int32(g.TimeControl.InitialCs), IncrementCs: int32(g.TimeControl.IncrementCs),
		Result: string(g.Result), Termination: string(g.Termination), Plies: int32(g.Plies),
		StartFEN: g.StartFEN, FinalFEN: g.FEN, Moves: g.Moves, ClocksCs: clocks,
		EventID: ev.ID, EventType: string(ev.Type), Seq: ev.Seq, CommandID: ev.CommandID,
		KafkaPartition: c.Partition, KafkaOffset: rec.Offset, BrokerTime: rec.BrokerTime * 1000,
	}
	if g.Queue != "" {
		r.Queue = &g.Queue
	}
	if g.RestoredCs != nil {
		r.WhiteRestoredCs, r.BlackRestoredCs = int32(g.RestoredCs.WhiteCs), int32(g.RestoredCs.BlackCs)
	}
}
