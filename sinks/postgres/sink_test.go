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

	"tabiya/internal/kafka"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
	"tabiya/sinks/sinktest"
)

const partitions = 3

var errKilled = errors.New("killed")

// started is a sink that runs in a test.
type started struct {
	*Sink
	t      *testing.T
	cancel context.CancelFunc
	done   chan error
}

func start(t *testing.T, cfg kafka.Config, db *postgrestest.Database, change func(*Sink)) *started {
	t.Helper()
	sink, err := New(Config{Kafka: cfg, Pool: db.Pool, Logger: sinktest.Logger(t)})
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(sink)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &started{Sink: sink, t: t, cancel: cancel, done: make(chan error, 1)}
	go func() { s.done <- sink.Run(ctx) }()
	t.Cleanup(s.stop)
	return s
}

func (s *started) stop() {
	s.cancel()
	if err := <-s.done; err != nil && !errors.Is(err, context.Canceled) {
		s.t.Errorf("the sink ended with: %v", err)
	}
	s.done <- nil
}

func (s *started) fails() error {
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

// written waits until all of the log is, by the offsets in the database.
func written(t *testing.T, log *sinktest.Log, db *postgrestest.Database) {
	t.Helper()
	var end, at int64
	if err := kafka.ReadAll(t.Context(), log.Config, schemas.GameEvents, func(*kgo.Record) error { end++; return nil }); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		// Just after an outage the pool has broken connections left.
		err := db.Pool.QueryRow(t.Context(), "SELECT coalesce(sum(next_offset), 0) FROM sink_offsets WHERE sink = 'postgres'").Scan(&at)
		if err == nil && at == end {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("written up to %d of %d (%v)", at, end, err)
		}
	}
}

// rows are the tables' rows as text.
func rows(t *testing.T, db *postgrestest.Database) (games, players []string) {
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

// logOf writes n games to a new log; the last event of each comes at the end, and
// of every third game there is talk of a rematch behind it.
func logOf(t *testing.T, n int) (*sinktest.Log, []schemas.Event) {
	t.Helper()
	log := sinktest.NewLog(t, partitions)
	events := sinktest.Events(uint64(n), n)
	for i, ev := range sinktest.Terminal(slices.Clone(events)) {
		if i%3 == 0 {
			events = append(events, rematch(ev, 1, schemas.RematchOffered, &schemas.RematchOfferedPayload{Color: schemas.White}),
				rematch(ev, 2, schemas.RematchDeclined, &schemas.RematchDeclinedPayload{Color: schemas.Black}))
		}
	}
	log.Append(t, sinktest.Records(events, partitions)...)
	return log, events
}

// rematch is what is said n events behind a game's end.
func rematch(end schemas.Event, n int64, kind schemas.EventType, payload any) schemas.Event {
	end.Seq += n
	end.ID, end.Type, end.Payload = schemas.EventID(end.Key, end.Seq), kind, payload
	return end
}

// want compares the tables with what the events say, row by row.
func want(t *testing.T, db *postgrestest.Database, events []schemas.Event) {
	t.Helper()
	games, players := rows(t, db)
	terminal := 0
	closing := make(map[string][]byte) // the last row of each game
	next := make(map[string]string)
	for _, ev := range events {
		if p, ok := ev.Payload.(*schemas.RematchAcceptedPayload); ok {
			next[ev.Key] = p.GameID
		}
		if ev.Type.Closing() {
			closing[ev.Key] = sinktest.Row(ev) // the events are in their order
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
		}
		err := db.Pool.QueryRow(t.Context(), "SELECT white_id::text, black_id::text, moves, result, fen, clocks_cs, ended_at, white_rating, event_seq, table_row, coalesce(rematch::text, '') FROM games WHERE game_id = $1", ev.Key).
			Scan(&row.white, &row.black, &row.moves, &row.result, &row.fen, &row.clocks, &row.ended, &row.rating, &row.seq, &row.table, &row.rematch)
		if err != nil {
			t.Fatalf("game %s: %v", ev.Key, err)
		}
		if row.white != over.White.PlayerID || row.black != over.Black.PlayerID || row.moves != strings.Join(over.Moves, " ") ||
			row.result != string(over.Result) || row.fen != over.FEN || fmt.Sprint(row.clocks) != fmt.Sprint(over.ClocksCs) ||
			schemas.TimeOf(row.ended) != over.EndedAt || row.rating != over.White.Rating || row.seq != ev.Seq ||
			!bytes.Equal(row.table, closing[ev.Key]) || row.rematch != next[ev.Key] {
			t.Fatalf("game %s: %+v, not %+v", ev.Key, row, over)
		}
	}
	if len(games) != terminal || len(players) != 2*terminal {
		t.Errorf("%d games and %d of players, not %d and %d", len(games), len(players), terminal, 2*terminal)
	}
}

func TestEveryFinishedGameIsARow(t *testing.T) {
	t.Parallel()
	log, events := logOf(t, 60)
	aborted := sinktest.Game(1001, 0, sinktest.Start)
	log.Append(t, sinktest.Records(aborted, partitions)...)
	db := postgrestest.New(t)
	s := start(t, log.Config, db, nil)
	written(t, log, db)
	want(t, db, append(events, aborted...))
	for deadline := time.Now().Add(30 * time.Second); s.Ready() != nil; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not ready: %v", s.Ready())
		}
	}

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

// What is said about a rematch comes when the game has long been written.
func TestAGamesRowFollowsItsRematch(t *testing.T) {
	t.Parallel()
	log, events := logOf(t, 1)
	db := postgrestest.New(t)
	start(t, log.Config, db, nil)
	written(t, log, db)
	want(t, db, events)
	more := rematch(sinktest.Terminal(slices.Clone(events))[0], 3, schemas.RematchAccepted, &schemas.RematchAcceptedPayload{Color: schemas.White, GameID: schemas.NewID()})
	bare := sinktest.Record(rematch(more, 1, schemas.RematchDeclined, &schemas.RematchDeclinedPayload{Color: schemas.White}), partitions)
	bare.Headers = bare.Headers[:2] // by a processor that wrote no rows yet
	log.Append(t, sinktest.Record(more, partitions), bare)
	written(t, log, db)
	want(t, db, append(events, more))
	// A stale owner says again what was said before; and what names no game is none.
	nothing := rematch(more, 0, schemas.RematchAccepted, &schemas.RematchAcceptedPayload{Color: schemas.White, GameID: "no-game"})
	log.Append(t, sinktest.Record(nothing, partitions))
	log.Append(t, sinktest.Record(events[len(events)-1], partitions))
	written(t, log, db)
	want(t, db, append(events, more))
}

func TestAGameIsFreshInHistory(t *testing.T) {
	t.Parallel()
	log, events := logOf(t, 1)
	db := postgrestest.New(t)
	start(t, log.Config, db, nil)
	written(t, log, db)
	game := sinktest.Game(77, 3, sinktest.Start)
	log.Append(t, sinktest.Records(game, partitions)...)
	written(t, log, db)
	want(t, db, append(events, game...))
}

func TestARepeatedTerminalEventIsOneRow(t *testing.T) {
	t.Parallel()
	log, events := logOf(t, 20)
	db := postgrestest.New(t)
	repeat := sinktest.Record(events[len(events)-1], partitions)
	log.Append(t, repeat) // in the same batch, most likely
	start(t, log.Config, db, nil)
	written(t, log, db)
	again := sinktest.Game(31, 5, sinktest.Start)
	log.Append(t, append(sinktest.Records(again, partitions), sinktest.Record(events[len(events)-1], partitions))...) // in another
	written(t, log, db)
	want(t, db, append(events, again...))
}

func TestWhatIsNoEventIsPassedOver(t *testing.T) {
	t.Parallel()
	log, events := logOf(t, 3)
	header := func(t schemas.EventType) []kgo.RecordHeader {
		return []kgo.RecordHeader{{Key: schemas.HeaderType, Value: []byte(t)}}
	}
	foreign := sinktest.Record(rematch(schemas.Event{Key: "no-game", OccurredAt: sinktest.Start, Region: "eu", CommandID: schemas.NewID()}, 9,
		schemas.RematchOffered, &schemas.RematchOfferedPayload{Color: schemas.White}), partitions)
	game := sinktest.Game(41, 6, sinktest.Start)
	bare := sinktest.Record(game[len(game)-1], partitions)
	bare.Headers = bare.Headers[2:] // all but its row
	log.Append(t,
		&kgo.Record{Topic: schemas.GameEvents, Value: []byte("\x00\xff"), Headers: header(schemas.GameEnded)},
		&kgo.Record{Topic: schemas.GameEvents, Value: []byte(`{"eventType":"GameEnded"}`), Headers: header(schemas.GameEnded)},
		&kgo.Record{Topic: schemas.GameEvents, Headers: header("NoSuchType")},
		&kgo.Record{Topic: schemas.GameEvents},
		foreign,
		bare, // without its type it is still the end of a game
	)
	db := postgrestest.New(t)
	start(t, log.Config, db, nil)
	written(t, log, db)
	want(t, db, append(events, game...))
}
