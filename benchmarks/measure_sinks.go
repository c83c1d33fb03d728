package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tabiya/internal/embedded"
	"tabiya/internal/objstore"
	"tabiya/internal/postgres"
	"tabiya/schemas"
	"tabiya/sinks/archive"
)

// postgresMeasure is the throughput of the Postgres sink on a backlog in Kafka, divided
// by that of a direct COPY of the same rows.
func postgresMeasure(b *bench) ([]Row, error) {
	const games = 200_000
	p, err := b.startSinkBackends("postgres", embedded.Config{Kafka: true, Postgres: true})
	if err != nil {
		return nil, err
	}
	defer p.close()
	ctx := context.Background()
	if err := postgres.Migrate(ctx, p.PostgresDSN()); err != nil {
		return nil, err
	}
	moves, err := longGames(16, 80)
	if err != nil {
		return nil, err
	}
	if _, err := p.fill(games, moves, false); err != nil {
		return nil, err
	}
	pool, err := postgres.Open(ctx, p.PostgresDSN())
	if err != nil {
		return nil, err
	}
	defer pool.Close()

	sink, err := startProcess(nil, nil, b.binary, append(p.kafkaFlags("sink", "postgres"),
		"--postgres", p.PostgresDSN(), "--listen", "127.0.0.1:0", "--log-level", "warn")...)
	if err != nil {
		return nil, err
	}
	sinkRate, err := measureRows(ctx, pool, games)
	peak, memErr := sink.memory("VmHWM")
	sink.stop()
	if err != nil {
		return nil, err
	}
	if memErr != nil {
		return nil, memErr
	}
	copyRate, err := copyDirectly(ctx, pool, games)
	if err != nil {
		return nil, fmt.Errorf("direct copy: %w", err)
	}
	return []Row{atLeast("Postgres sink, games/s / direct COPY of the same rows", sinkRate/copyRate, 0.5, "", map[string]float64{
		"sink games/s": sinkRate, "copy games/s": copyRate, "sink peak MiB": peak,
	})}, nil
}

// measureRows waits until the sink has written n games and returns games per second
// between the first rows seen and the last.
func measureRows(ctx context.Context, pool *pgxpool.Pool, n int64) (float64, error) {
	var first, have int64
	var from time.Time
	for stop := time.Now().Add(5 * time.Minute); time.Now().Before(stop); time.Sleep(20 * time.Millisecond) {
		// All records of the backlog are terminal events, so the committed offsets count the
		// games without a table scan.
		if err := pool.QueryRow(ctx, `SELECT coalesce(sum(next_offset), 0) FROM sink_offsets`).Scan(&have); err != nil {
			return 0, err
		}
		switch {
		case have == n && first > 0:
			return float64(n-first) / time.Since(from).Seconds(), nil
		case have > 0 && first == 0:
			first, from = have, time.Now()
		}
	}
	return 0, fmt.Errorf("the sink wrote %d of %d games within 5 minutes", have, n)
}

// copyDirectly reads both tables into memory, empties them, and copies the rows back in
// transactions of 20,000 games.
func copyDirectly(ctx context.Context, pool *pgxpool.Pool, games int) (float64, error) {
	type table struct {
		name    string
		columns []string
		rows    [][]any
	}
	tables := []*table{{name: "games"}, {name: "player_games"}}
	for _, t := range tables {
		rows, err := pool.Query(ctx, "SELECT * FROM "+t.name)
		if err != nil {
			return 0, err
		}
		for _, f := range rows.FieldDescriptions() {
			t.columns = append(t.columns, f.Name)
		}
		if t.rows, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) ([]any, error) { return r.Values() }); err != nil {
			return 0, err
		}
		if _, err := pool.Exec(ctx, "TRUNCATE "+t.name); err != nil {
			return 0, err
		}
	}
	if len(tables[0].rows) != games || len(tables[1].rows) != 2*games {
		return 0, fmt.Errorf("the sink wrote %d games and %d player games for %d games", len(tables[0].rows), len(tables[1].rows), games)
	}
	start := time.Now()
	const batch = 20_000
	for at := 0; at < games; at += batch {
		end := min(at+batch, games)
		err := pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			for i, t := range tables {
				rows := t.rows[at*(i+1) : end*(i+1)]
				if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromRows(rows)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return float64(games) / time.Since(start).Seconds(), nil
}

// parquetMeasure is the Parquet sink's CPU time and memory on a backlog of 2 million
// events.
func parquetMeasure(b *bench) ([]Row, error) {
	p, err := b.startSinkBackends("parquet", embedded.Config{Kafka: true, S3: true})
	if err != nil {
		return nil, err
	}
	defer p.close()
	moves, err := longGames(16, 80)
	if err != nil {
		return nil, err
	}
	events, err := p.fill(2_000_000/81+1, moves, true)
	if err != nil {
		return nil, err
	}
	s3 := p.S3()
	sink, err := startProcess([]string{"TABIYA_S3_SECRET_KEY=" + s3.SecretKey}, nil, b.binary, append(p.kafkaFlags("sink", "parquet"),
		"--s3", s3.Endpoint, "--s3-bucket", s3.Bucket, "--s3-region", s3.Region, "--s3-access-key", s3.AccessKey,
		"--archive-window", "1m", "--archive-grace", "1s", "--listen", "127.0.0.1:0", "--log-level", "warn")...)
	if err != nil {
		return nil, err
	}
	defer sink.stop()
	start := time.Now()
	if err := p.archived(s3, int64(events)); err != nil {
		return nil, err
	}
	took := time.Since(start)
	cpu, err := sink.cpu()
	if err != nil {
		return nil, err
	}
	peak, err := sink.memory("VmHWM")
	if err != nil {
		return nil, err
	}
	return []Row{
		atLeast("Parquet sink on a backlog of 2 million events", float64(events)/cpu.Seconds(), 60_000, "events/s/core", map[string]float64{
			"events": float64(events), "CPU s": cpu.Seconds(), "wall s, last window included": took.Seconds(),
		}),
		atMost("Parquet sink, peak memory", peak, 256, "MiB", nil),
	}, nil
}

// archived waits until the sink's stored progress covers n events.
func (p *sinkBackends) archived(s3 objstore.Config, n int64) error {
	ctx := context.Background()
	bucket, err := objstore.Open(ctx, s3)
	if err != nil {
		return err
	}
	return retryFor(6*time.Minute, func() error {
		var done int64
		for partition := range int32(sinkPartitions) {
			body, _, err := bucket.Get(ctx, archive.ProgressKey("parquet", schemas.GameEvents, partition))
			if err != nil {
				return err
			}
			var progress archive.Progress
			err = json.NewDecoder(body).Decode(&progress)
			body.Close()
			if err != nil {
				return err
			}
			done += progress.NextOffset
		}
		if done < n {
			return fmt.Errorf("the sink has archived %d of %d events", done, n)
		}
		return nil
	})
}
