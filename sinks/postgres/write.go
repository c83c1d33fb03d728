package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tabiya/internal/postgres"
	"tabiya/schemas"
)

// errFenced: another copy of this sink has moved the offset. Starting again from
// what is stored mends it.
var errFenced = errors.New("another copy of this sink has written these records")

const (
	writeTimeout    = time.Minute
	uniqueViolation = "23505"
)

// write brings a batch into the database, however long it is away.
func (r *run) write(ctx context.Context, b *batch) error {
	defer close(b.written)
	r.hooks.begin()
	began := time.Now()
	repeats := false
	err := r.database.Do(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, writeTimeout)
		defer cancel()
		if err := r.ensureMonths(ctx, b); err != nil {
			return err
		}
		err := r.commit(ctx, b, repeats)
		if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == uniqueViolation && !repeats {
			repeats = true
			err = r.commit(ctx, b, repeats)
		}
		if errors.Is(err, errFenced) {
			err = r.alreadyWritten(ctx, b, err)
		} else if err == nil {
			err = r.hooks.committed()
		}
		return postgres.Unavailable(err)
	})
	if err == nil {
		r.metrics.Flush.Observe(time.Since(began).Seconds())
	}
	return err
}

// ensureMonths makes the partitions of the batch's months, and of the months
// after them, so that they are there before their first game.
func (r *run) ensureMonths(ctx context.Context, b *batch) error {
	for i := range b.games {
		at := b.games[i].over.EndedAt.Std()
		month := int64(at.Year())*12 + int64(at.Month())
		if r.months[month] {
			continue
		}
		first := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
		if err := postgres.EnsurePartitions(ctx, r.cfg.Pool, first, first.AddDate(0, 1, 0)); err != nil {
			return err
		}
		r.months[month] = true
	}
	return nil
}

// commit is one transaction: the fence first, then the rows.
func (r *run) commit(ctx context.Context, b *batch, repeats bool) error {
	return pgx.BeginFunc(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		if err := fence(ctx, tx, b); err != nil {
			return err
		}
		if len(b.games) > 0 {
			insert := copyRows
			if repeats {
				insert = insertNewRows
			}
			if err := insert(ctx, tx, "games", gameColumns, len(b.games), b.gameRow); err != nil {
				return err
			}
			if err := insert(ctx, tx, "player_games", playerGameColumns, 2*len(b.games), b.playerGameRow); err != nil {
				return err
			}
		}
		if err := updateRows(ctx, tx, b); err != nil {
			return err
		}
		return r.hooks.copied()
	})
}

// updateRows gives games their later rows, and what follows them. They are in the
// table: a game's events are in order in one partition. A repeat may come late, from
// an owner that was stale (ADR 9), so that the version in the row's frame decides,
// as in a table.
func updateRows(ctx context.Context, tx pgx.Tx, b *batch) error {
	if len(b.rows) == 0 {
		return nil
	}
	var statements pgx.Batch
	for _, key := range slices.Sorted(maps.Keys(b.rows)) {
		var rematch any // null
		if next := b.rows[key].rematch; next != "" {
			rematch = id(next)
		}
		statements.Queue(`UPDATE games SET rematch = coalesce(rematch, $3), table_row = CASE
			WHEN table_row IS NULL OR substring(table_row FROM 2 FOR 8) < substring($2::bytea FROM 2 FOR 8) THEN $2 ELSE table_row END
			WHERE game_id = $1`, id(key), b.rows[key].value, rematch)
	}
	if err := tx.SendBatch(ctx, &statements).Close(); err != nil {
		return fmt.Errorf("update rows: %w", err)
	}
	return nil
}

// fence moves the offsets of the batch's partitions, in the partitions' order so
// that two copies cannot lock each other out.
func fence(ctx context.Context, tx pgx.Tx, b *batch) error {
	var statements pgx.Batch
	for _, partition := range slices.Sorted(maps.Keys(b.lanes)) {
		m := b.lanes[partition]
		if m.from < 0 {
			statements.Queue("INSERT INTO sink_offsets (sink, topic, partition, next_offset) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
				Name, schemas.GameEvents, partition, m.next)
		} else {
			statements.Queue("UPDATE sink_offsets SET next_offset = $4 WHERE sink = $1 AND topic = $2 AND partition = $3 AND next_offset = $5",
				Name, schemas.GameEvents, partition, m.next, m.from)
		}
	}
	results := tx.SendBatch(ctx, &statements)
	fenced := false
	for range statements.Len() {
		tag, err := results.Exec()
		if err != nil {
			_ = results.Close()
			return fmt.Errorf("move offsets: %w", err)
		}
		fenced = fenced || tag.RowsAffected() != 1
	}
	if err := results.Close(); err != nil {
		return fmt.Errorf("move offsets: %w", err)
	}
	if fenced {
		return errFenced
	}
	return nil
}

// alreadyWritten reports nil if every partition stands where the batch would
// have moved it: a commit whose answer was lost, or another copy's of the same.
func (r *run) alreadyWritten(ctx context.Context, b *batch, fenced error) error {
	rows, err := r.cfg.Pool.Query(ctx, "SELECT partition, next_offset FROM sink_offsets WHERE sink = $1 AND topic = $2", Name, schemas.GameEvents)
	if err != nil {
		return fmt.Errorf("look at offsets: %w", err)
	}
	stands := make(map[int32]int64)
	var partition int32
	var next int64
	if _, err := pgx.ForEachRow(rows, []any{&partition, &next}, func() error {
		stands[partition] = next
		return nil
	}); err != nil {
		return fmt.Errorf("look at offsets: %w", err)
	}
	for partition, m := range b.lanes {
		if stood, ok := stands[partition]; !ok || stood != m.next {
			return fmt.Errorf("partition %d stands at %d, not at %d: %w", partition, stood, m.from, fenced)
		}
	}
	return nil
}

func copyRows(ctx context.Context, tx pgx.Tx, table string, columns []string, n int, row func(i int) ([]any, error)) error {
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromSlice(n, row)); err != nil {
		return fmt.Errorf("copy %s: %w", table, err)
	}
	return nil
}

// insertNewRows is copyRows for a batch with games that are there already.
func insertNewRows(ctx context.Context, tx pgx.Tx, table string, columns []string, n int, row func(i int) ([]any, error)) error {
	stage := "stage_" + table
	if _, err := tx.Exec(ctx, fmt.Sprintf("CREATE TEMP TABLE %s (LIKE %s) ON COMMIT DROP", stage, table)); err != nil {
		return fmt.Errorf("stage %s: %w", table, err)
	}
	if err := copyRows(ctx, tx, stage, columns, n, row); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, fmt.Sprintf("INSERT INTO %s SELECT * FROM %s ON CONFLICT DO NOTHING", table, stage)); err != nil {
		return fmt.Errorf("insert %s: %w", table, err)
	}
	return nil
}
