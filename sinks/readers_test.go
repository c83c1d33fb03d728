// Package sinks_test tests what all sinks together write.
package sinks_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/objstore/objstoretest"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
	"tabiya/sinks/events"
	"tabiya/sinks/sinktest"
)

const partitions = 2

// python returns the path of the interpreter with DuckDB and pyarrow (make venv).
func python(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../.cache/venv/bin/python3")
	if err == nil {
		err = exec.Command(path, "-c", "import duckdb, pyarrow").Run()
	}
	if err != nil {
		reason := fmt.Sprintf("no Python with DuckDB and pyarrow (make venv): %v", err)
		if os.Getenv("CI") == "true" {
			t.Fatal(reason)
		}
		t.Skip(reason)
	}
	return path
}

// appendMixedLog appends events of every type, repeated events and records that are
// not events. rawIDs are the event ids that the raw archive has, with repeats.
func appendMixedLog(t *testing.T, log *sinktest.Log) (all []schemas.Event, rawIDs []string) {
	t.Helper()
	all = sinktest.Events(9, 120)
	all = append(all, sinktest.Game(70_001, 0, sinktest.Start)...)
	all = append(all, sinktest.Others(sinktest.Start)...)
	third := len(all) / 3
	log.Append(t, sinktest.Records(all[:third], partitions)...)
	log.Set(schemas.TimeOf(sinktest.Start.Std().Truncate(time.Hour).Add(time.Hour)))
	log.Append(t, sinktest.Records(all[third:2*third], partitions)...)
	repeats := all[2*third-3 : 2*third]
	log.Append(t, sinktest.Records(repeats, partitions)...)
	log.Pass(7 * time.Minute)
	log.Append(t, sinktest.Records(all[2*third:], partitions)...)
	unknown := `{"eventId":"of a later version","eventType":"GamePaused","payload":{}}`
	log.Append(t,
		&kgo.Record{Topic: schemas.GameEvents, Value: []byte("\x00poison\xff")},
		&kgo.Record{Topic: schemas.PlayerEvents, Value: nil},
		&kgo.Record{Topic: schemas.GameEvents, Value: []byte(unknown), Headers: []kgo.RecordHeader{{Key: schemas.HeaderRegion, Value: []byte("../../../tmp")}}},
	)
	log.Pass(time.Hour)
	for _, ev := range append(append([]schemas.Event{}, all...), repeats...) {
		rawIDs = append(rawIDs, ev.ID)
	}
	return all, append(rawIDs, "of a later version")
}

func TestDuckDBAndPyarrowReadTheGamesThatPostgresHas(t *testing.T) {
	t.Parallel()
	python := python(t)
	log, bucket, db := sinktest.NewLog(t, partitions), objstoretest.New(t), postgrestest.New(t)
	all, rawIDs := appendMixedLog(t, log)
	runAll(t, log, bucket, db)

	folder := t.TempDir()
	for key, content := range sinktest.Files(t, bucket, "") {
		path := filepath.Join(folder, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	wanted, err := json.Marshal(map[string]any{"games": gamesInPostgres(t, db), "events": eventRows(t, all), "raw": rawIDs})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "wanted.json")
	if err := os.WriteFile(file, wanted, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), python, "testdata/readers.py", folder, file).CombinedOutput()
	if err != nil {
		t.Fatalf("readers: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// gamesInPostgres returns the rows of games.
func gamesInPostgres(t *testing.T, db *postgrestest.Database) []map[string]any {
	t.Helper()
	rows, err := db.Pool.Query(t.Context(), `SELECT game_id::text, white_id::text, white_handle, black_id::text, black_handle, white_rating, black_rating,
		speed, rated, private, nullif(queue, '') AS queue, initial_cs, increment_cs, result, termination, plies,
		CASE WHEN moves = '' THEN '{}' ELSE string_to_array(moves, ' ') END AS moves, clocks_cs, white_restored_cs, black_restored_cs, start_fen, fen AS final_fen, region,
		event_id::text, event_seq AS seq,
		(extract(epoch FROM ended_at) * 1000000)::bigint AS ended_at, (extract(epoch FROM created_at) * 1000000)::bigint AS created_at
		FROM games ORDER BY plies DESC`)
	if err != nil {
		t.Fatal(err)
	}
	games, err := pgx.CollectRows(rows, pgx.RowToMap)
	if err != nil {
		t.Fatal(err)
	}
	if len(games) != 121 {
		t.Fatalf("%d games in Postgres, want 121", len(games))
	}
	return games
}

// eventRows returns the rows that events should have in Parquet.
func eventRows(t *testing.T, all []schemas.Event) (rows []map[string]any) {
	t.Helper()
	for _, ev := range all {
		decoded, err := events.Decode(ev.Type.Topic(), ev.Record().Value)
		if err != nil {
			t.Fatal(err)
		}
		row := map[string]any{
			"event_id": ev.ID, "event_type": ev.Type, "topic": ev.Type.Topic(), "seq": ev.Seq, "command_id": ev.CommandID,
			"region": ev.Region, "payload": decoded.PayloadJSON, "occurred_at": int64(ev.OccurredAt) * 1000,
		}
		for _, name := range []string{
			"game_id", "player_id", "queue_key", "ply", "color", "uci", "san", "fen",
			"white_clock_cs", "black_clock_cs", "elapsed_cs", "charged_cs", "compensated_cs", "restored_cs", "deadline_at",
		} {
			row[name] = nil
		}
		row[map[string]string{schemas.GameEvents: "game_id", schemas.PlayerEvents: "player_id", schemas.QueueEvents: "queue_key"}[ev.Type.Topic()]] = ev.Key
		if m, ok := ev.Payload.(*schemas.MoveMadePayload); ok {
			row["ply"], row["color"], row["uci"], row["san"], row["fen"] = m.Ply, m.Color, m.UCI, m.SAN, m.FEN
			row["white_clock_cs"], row["black_clock_cs"] = m.Clock.WhiteCs, m.Clock.BlackCs
			row["elapsed_cs"], row["charged_cs"], row["compensated_cs"], row["restored_cs"] = m.Clock.ElapsedCs, m.Clock.ChargedCs, m.Clock.CompensatedCs, m.Clock.RestoredCs
			row["deadline_at"] = int64(m.DeadlineAt) * 1000
		}
		rows = append(rows, row)
	}
	return rows
}
