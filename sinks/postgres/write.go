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
)

const (
	writeTimeout    = time.Minute
	uniqueViolation = "23505"
)

// write writes a batch. It retries for as long as the database is unavailable.
func (r *run) write(ctx context.Context, b *batch) error {
	defer close(b.written)
	r.hooks.begin()
	start := time.Now()
	repeats := false // whether the batch has games that are in the table already
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
		r.metrics.Flush.Observe(time.Since(start).Seconds())
	}
	return err
}

// ensureMonths creates the partitions of the batch's months and of the months
// after them.
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

// commit runs the transaction: it moves the offsets, then writes the rows.
func (r *run) commit(ctx context.Context, b *batch, repeats bool) error {
	return pgx.BeginFunc(ctx, r.cfg.Pool, func(tx pgx.Tx) error {
		if err := moveOffsets(ctx, tx, b); err != nil {
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
		if err := writeRatings(ctx, tx, b); err != nil {
			return err
		}
		if err := updateRows(ctx, tx, b); err != nil {
			return err
		}
		return r.hooks.copied()
	})
}

// updateRow looks into the month of the game's end alone.
const updateRow = `UPDATE games SET rematch = coalesce(rematch, $3), rematch_failure = coalesce(rematch_failure, $4), table_row = CASE
	WHEN table_row IS NULL OR substring(table_row FROM 2 FOR 8) < substring($2::bytea FROM 2 FOR 8) THEN $2 ELSE table_row END
	WHERE game_id = $1 AND ended_at = (SELECT ended_at FROM game_ends WHERE game_id = $1)`

// updateRows replaces the table rows of games that are in games already, and sets
// their rematch, and why it was not played. A stale processor can repeat an event late
// (ADR 9), so the version in the row's frame decides, as in a table.
func updateRows(ctx context.Context, tx pgx.Tx, b *batch) error {
	if len(b.rows) == 0 {
		return nil
	}
	var statements pgx.Batch
	for _, key := range slices.Sorted(maps.Keys(b.rows)) {
		var rematch, failed any // null
		if why := b.rows[key].failed; why != "" {
			failed = string(why)
		}
		if gameID := b.rows[key].rematch; gameID != "" {
			rematch = id(gameID)
		}
		statements.Queue(updateRow, id(key), b.rows[key].row, rematch, failed)
	}
	if err := tx.SendBatch(ctx, &statements).Close(); err != nil {
		return fmt.Errorf("update rows: %w", err)
	}
	return nil
}

func copyRows(ctx context.Context, tx pgx.Tx, table string, columns []string, n int, row func(i int) ([]any, error)) error {
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromSlice(n, row)); err != nil {
		return fmt.Errorf("copy %s: %w", table, err)
	}
	return nil
}

// insertNewRows is copyRows for a batch with games that are in the table already:
// it writes the others.
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
