package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
	"tabiya/sinks/sinktest"
)

const partitions = 3

var errKilled = errors.New("killed")

// runningSink is a sink that runs in a test.
type runningSink struct {
	*Sink
	t      *testing.T
	cancel context.CancelFunc
	done   chan error
}

func start(t *testing.T, cfg kafka.Config, db *postgrestest.Database, change func(*Sink)) *runningSink {
	t.Helper()
	sink, err := New(Config{Kafka: cfg, Pool: db.Pool, Logger: sinktest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(sink)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &runningSink{Sink: sink, t: t, cancel: cancel, done: make(chan error, 1)}
	go func() { s.done <- sink.Run(ctx) }()
	t.Cleanup(s.stop)
	return s
}

func (s *runningSink) stop() {
	s.cancel()
	if err := <-s.done; err != nil && !errors.Is(err, context.Canceled) {
		s.t.Errorf("sink: %v", err)
	}
	s.done <- nil
}

// waitFailed waits until the sink ends by itself and returns its error.
func (s *runningSink) waitFailed() error {
	s.t.Helper()
	select {
	case err := <-s.done:
		s.done <- nil
		return err
	case <-time.After(30 * time.Second):
		s.t.Fatal("the sink did not end")
		return nil
	}
}

// waitWritten waits until the whole log is written, by the stored offsets.
func waitWritten(t *testing.T, log *sinktest.Log, db *postgrestest.Database) {
	t.Helper()
	var end, stored int64
	for _, topic := range topics {
		if err := kafka.ReadAll(t.Context(), log.Config, topic, func(*kgo.Record) error { end++; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	eventually.NoError(t, "the whole log is written", func() error {
		// The pool has broken connections for a moment after an outage.
		err := db.Pool.QueryRow(t.Context(), "SELECT coalesce(sum(next_offset), 0) FROM sink_offsets WHERE sink = 'postgres'").Scan(&stored)
		if err == nil && stored != end {
			err = fmt.Errorf("%d of %d records", stored, end)
		}
		return err
	})
}

// tableRows returns the rows of games and player_games as text.
func tableRows(t *testing.T, db *postgrestest.Database) (games, players []string) {
	t.Helper()
	read := func(query string) []string {
		result, err := db.Pool.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(result, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	return read("SELECT games::text FROM games ORDER BY game_id, event_id"), read("SELECT player_games::text FROM player_games ORDER BY game_id, color, player_id")
}

// newLog writes n games to a new log. A rematch is offered and declined behind the
// end of every third game.
func newLog(t *testing.T, n int) (*sinktest.Log, []schemas.Event) {
	t.Helper()
	log := sinktest.NewLog(t, partitions)
	events := sinktest.Events(uint64(n), n)
	for i, ev := range sinktest.Terminal(slices.Clone(events)) {
		if i%3 == 0 {
			events = append(events, rematchEvent(ev, 1, schemas.RematchOffered, &schemas.RematchOfferedPayload{Color: schemas.White}),
				rematchEvent(ev, 2, schemas.RematchDeclined, &schemas.RematchDeclinedPayload{Color: schemas.Black}))
		}
	}
	log.Append(t, sinktest.Records(events, partitions)...)
	return log, events
}

// rematchEvent returns an event of a game, n events behind its end.
func rematchEvent(end schemas.Event, n int64, kind schemas.EventType, payload any) schemas.Event {
	end.Seq += n
	end.ID, end.Type, end.Payload = schemas.EventID(end.Key, end.Seq), kind, payload
	return end
}

// wantRows checks the tables against the events, row by row.
func wantRows(t *testing.T, db *postgrestest.Database, events []schemas.Event) {
	t.Helper()
	games, players := tableRows(t, db)
	terminal := 0
	lastRow := make(map[string][]byte) // by game id
	rematch := make(map[string]string) // by game id
	for _, ev := range events {
		if p, ok := ev.Payload.(*schemas.RematchAcceptedPayload); ok {
			rematch[ev.Key] = p.GameID
		}
		if ev.Type.CarriesRow() {
			lastRow[ev.Key] = sinktest.Row(ev)
		}
	}
	for _, ev := range events {
		over, ok := ev.Payload.(*schemas.GameOver)
		if !ok {
			continue
		}
		terminal++
		var row struct {
			white, black, moves, result, fen string
			clocks                           []int32
			ended                            time.Time
			rating                           float64
			seq                              int64
			table                            []byte
			rematch                          string
			restored                         schemas.Clocks
		}
		var restored schemas.Clocks
		if over.RestoredCs != nil {
			restored = *over.RestoredCs
		}
		err := db.Pool.QueryRow(t.Context(), "SELECT white_id::text, black_id::text, moves, result, fen, clocks_cs, ended_at, white_rating, event_seq, table_row, coalesce(rematch::text, ''), white_restored_cs, black_restored_cs FROM games WHERE game_id = $1", ev.Key).
			Scan(&row.white, &row.black, &row.moves, &row.result, &row.fen, &row.clocks, &row.ended, &row.rating, &row.seq, &row.table, &row.rematch, &row.restored.WhiteCs, &row.restored.BlackCs)
		if err != nil {
			t.Fatalf("game %s: %v", ev.Key, err)
		}
		if row.white != over.White.PlayerID || row.black != over.Black.PlayerID || row.moves != strings.Join(over.Moves, " ") ||
			row.result != string(over.Result) || row.fen != over.FEN || fmt.Sprint(row.clocks) != fmt.Sprint(over.ClocksCs) ||
			schemas.TimeOf(row.ended) != over.EndedAt || row.rating != over.White.Rating || row.seq != ev.Seq ||
			!bytes.Equal(row.table, lastRow[ev.Key]) || row.rematch != rematch[ev.Key] || row.restored != restored {
			t.Fatalf("game %s: got %+v, want %+v", ev.Key, row, over)
		}
	}
	if len(games) != terminal || len(players) != 2*terminal {
		t.Errorf("%d games and %d player games, want %d and %d", len(games), len(players), terminal, 2*terminal)
	}
}

func TestEveryFinishedGameIsWritten(t *testing.T) {
	t.Parallel()
	log, events := newLog(t, 60)
	aborted := sinktest.Game(1001, 0, sinktest.Start)
	log.Append(t, sinktest.Records(aborted, partitions)...)
	db := postgrestest.New(t)
	s := start(t, log.Config, db, nil)
	waitWritten(t, log, db)
	wantRows(t, db, append(events, aborted...))
	eventually.NoError(t, "ready", s.Ready)

	results, err := db.Pool.Query(t.Context(), `SELECT DISTINCT g.result || ' ' || p.color || ' ' || p.result FROM games g JOIN player_games p USING (game_id)
		WHERE (p.color = 'white') = (p.player_id = g.white_id) AND p.opponent_id <> p.player_id ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	seen, err := pgx.CollectRows(results, pgx.RowTo[string])
	if got := strings.Join(seen, ", "); err != nil ||
		got != "* black none, * white none, 0-1 black win, 0-1 white loss, 1-0 black loss, 1-0 white win, 1/2-1/2 black draw, 1/2-1/2 white draw" {
		t.Errorf("results %s, %v", got, err)
	}
}

func TestRematchUpdatesAGameThatIsAlreadyWritten(t *testing.T) {
	t.Parallel()
	log, events := newLog(t, 1)
	db := postgrestest.New(t)
	start(t, log.Config, db, nil)
	waitWritten(t, log, db)
	wantRows(t, db, events)
	more := rematchEvent(sinktest.Terminal(slices.Clone(events))[0], 3, schemas.RematchAccepted, &schemas.RematchAcceptedPayload{Color: schemas.White, GameID: schemas.NewID()})
	bare := sinktest.Record(rematchEvent(more, 1, schemas.RematchDeclined, &schemas.RematchDeclinedPayload{Color: schemas.White}), partitions)
	bare.Headers = bare.Headers[:2] // as written by a version without rows
	log.Append(t, sinktest.Record(more, partitions), bare)
	waitWritten(t, log, db)
	wantRows(t, db, append(events, more))
	if months := db.MonthsRead(t, updateRow, id(more.Key), []byte("row"), nil, nil); len(months) != 1 {
		t.Errorf("the update reads %v, not the month of the game's end alone", months)
	}
	// A stale processor repeats an event, and another event names no valid game.
	invalid := rematchEvent(more, 0, schemas.RematchAccepted, &schemas.RematchAcceptedPayload{Color: schemas.White, GameID: "no-game"})
	log.Append(t, sinktest.Record(invalid, partitions))
	log.Append(t, sinktest.Record(events[len(events)-1], partitions))
	waitWritten(t, log, db)
	wantRows(t, db, append(events, more))
	// The rematch is not played.
	failed := rematchEvent(more, 1, schemas.RematchFailed, &schemas.RematchFailedPayload{
		GameID: more.Payload.(*schemas.RematchAcceptedPayload).GameID, Reason: schemas.SeatTaken, Color: schemas.White,
	})
	log.Append(t, sinktest.Record(failed, partitions))
	waitWritten(t, log, db)
	wantRows(t, db, append(events, more, failed))
	var why string
	if err := db.Pool.QueryRow(t.Context(), "SELECT rematch_failure FROM games WHERE game_id = $1", more.Key).Scan(&why); err != nil || why != string(schemas.SeatTaken) {
		t.Errorf("%q, %v", why, err)
	}
}

func TestGameAppendedToARunningSinkIsWritten(t *testing.T) {
	t.Parallel()
	log, events := newLog(t, 1)
	db := postgrestest.New(t)
	start(t, log.Config, db, nil)
	waitWritten(t, log, db)
	game := sinktest.Game(77, 3, sinktest.Start)
	log.Append(t, sinktest.Records(game, partitions)...)
	waitWritten(t, log, db)
	wantRows(t, db, append(events, game...))
}

func TestRepeatedTerminalEventIsWrittenOnce(t *testing.T) {
	t.Parallel()
	log, events := newLog(t, 20)
	db := postgrestest.New(t)
	repeat := sinktest.Record(events[len(events)-1], partitions)
	log.Append(t, repeat) // most likely in the same batch
	start(t, log.Config, db, nil)
	waitWritten(t, log, db)
	again := sinktest.Game(31, 5, sinktest.Start)
	log.Append(t, append(sinktest.Records(again, partitions), sinktest.Record(events[len(events)-1], partitions))...) // in a later batch
	waitWritten(t, log, db)
	wantRows(t, db, append(events, again...))
}

func TestRecordsThatAreNotEventsAreSkipped(t *testing.T) {
	t.Parallel()
	log, events := newLog(t, 3)
	header := func(t schemas.EventType) []kgo.RecordHeader {
		return []kgo.RecordHeader{{Key: schemas.HeaderType, Value: []byte(t)}}
	}
	invalidKey := sinktest.Record(rematchEvent(schemas.Event{Key: "no-game", OccurredAt: sinktest.Start, Region: "eu", CommandID: schemas.NewID()}, 9,
		schemas.RematchOffered, &schemas.RematchOfferedPayload{Color: schemas.White}), partitions)
	game := sinktest.Game(41, 6, sinktest.Start)
	bare := sinktest.Record(game[len(game)-1], partitions)
	bare.Headers = bare.Headers[2:] // only its row
	log.Append(t,
		&kgo.Record{Topic: schemas.GameEvents, Value: []byte("\x00\xff"), Headers: header(schemas.GameEnded)},
		&kgo.Record{Topic: schemas.GameEvents, Value: []byte(`{"eventType":"GameEnded"}`), Headers: header(schemas.GameEnded)},
		&kgo.Record{Topic: schemas.GameEvents, Headers: header("NoSuchType")},
		&kgo.Record{Topic: schemas.GameEvents},
		invalidKey,
		bare, // ends a game although it has no type header
	)
	db := postgrestest.New(t)
	start(t, log.Config, db, nil)
	waitWritten(t, log, db)
	wantRows(t, db, append(events, game...))
}
