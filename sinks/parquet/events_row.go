package parquet

import (
	"tabiya/schemas"
	"tabiya/sinks/archive"
	"tabiya/sinks/events"
)

// EventRow is one event of any of the events topics. Its region, date and hour are
// in the path of its file. Times are in microseconds.
//
// Nullable columns are pointers: for plain optional fields parquet-go 0.32.0 reads
// some nulls as zero values, where a run of values starts at bit n of a word of its
// null bitmap and is n long.
type EventRow struct {
	EventID        string `parquet:"event_id"`
	EventType      string `parquet:"event_type,dict"`
	Topic          string `parquet:"topic,dict"`
	KafkaPartition int32  `parquet:"kafka_partition,dict"`
	KafkaOffset    int64  `parquet:"kafka_offset,delta"`
	BrokerTime     int64  `parquet:"broker_time,delta,timestamp(microsecond)"`

	// The aggregate's key; the topic decides which of the three is set.
	GameID   *string `parquet:"game_id,optional,dict"`
	PlayerID *string `parquet:"player_id,optional,dict"`
	QueueKey *string `parquet:"queue_key,optional,dict"`

	Seq        int64  `parquet:"seq,delta"`
	OccurredAt int64  `parquet:"occurred_at,delta,timestamp(microsecond)"`
	CommandID  string `parquet:"command_id"`

	// Set for MoveMade only. Clocks are in centiseconds.
	Ply          *int32  `parquet:"ply,optional"`
	Color        *string `parquet:"color,optional,dict"`
	UCI          *string `parquet:"uci,optional,dict"`
	SAN          *string `parquet:"san,optional,dict"`
	FEN          *string `parquet:"fen,optional"` // after the move
	WhiteClockCs *int64  `parquet:"white_clock_cs,optional"`
	BlackClockCs *int64  `parquet:"black_clock_cs,optional"`
	ElapsedCs    *int64  `parquet:"elapsed_cs,optional"`
	ChargedCs    *int64  `parquet:"charged_cs,optional"`
	// CompensatedCs was credited for lag, RestoredCs because nobody could move:
	// elapsed = charged + compensated + restored.
	CompensatedCs *int64 `parquet:"compensated_cs,optional"`
	RestoredCs    *int64 `parquet:"restored_cs,optional"`
	DeadlineAt    *int64 `parquet:"deadline_at,optional,timestamp(microsecond)"`

	// Payload is the event's payload as JSON, as it was on the wire.
	Payload string `parquet:"payload"`
}

func micros(t schemas.Time) int64 { return int64(t) * 1000 }

// rowValues hold the values that the pointers of one EventRow point to.
type rowValues struct {
	key      string
	move     schemas.MoveMadePayload
	color    string
	ply      int32
	deadline int64
}

// fill fills the row from an event. The row keeps pointers into v.
func (r *EventRow) fill(c archive.Chunk, rec archive.Record, ev *events.Event, v *rowValues) {
	*r = EventRow{
		EventID: ev.ID, EventType: string(ev.Type), Topic: c.Topic,
		KafkaPartition: c.Partition, KafkaOffset: rec.Offset, BrokerTime: rec.BrokerTime * 1000,
		Seq: ev.Seq, OccurredAt: micros(ev.OccurredAt), CommandID: ev.CommandID, Payload: ev.PayloadJSON,
	}
	v.key = ev.Key
	switch c.Topic {
	case schemas.GameEvents:
		r.GameID = &v.key
	case schemas.PlayerEvents:
		r.PlayerID = &v.key
	case schemas.QueueEvents:
		r.QueueKey = &v.key
	}
	m, ok := ev.Event.Payload.(*schemas.MoveMadePayload)
	if !ok {
		return
	}
	v.move, v.color, v.ply, v.deadline = *m, string(m.Color), int32(m.Ply), micros(m.DeadlineAt)
	r.Ply, r.Color, r.UCI, r.SAN, r.FEN = &v.ply, &v.color, &v.move.UCI, &v.move.SAN, &v.move.FEN
	clock := &v.move.Clock
	r.WhiteClockCs, r.BlackClockCs = &clock.WhiteCs, &clock.BlackCs
	r.ElapsedCs, r.ChargedCs, r.CompensatedCs, r.RestoredCs = &clock.ElapsedCs, &clock.ChargedCs, &clock.CompensatedCs, &clock.RestoredCs
	if m.DeadlineAt != 0 {
		r.DeadlineAt = &v.deadline
	}
}
