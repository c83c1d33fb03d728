package postgres

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
	"tabiya/sinks/sinktest"
)

var errWritten = errors.New("the frozen copy has written")

// A copy that froze after it stored an offset expects that offset when it
// continues. Another copy has moved it meanwhile.
func TestCopyFrozenInALaterBatchIsFencedWhenItContinues(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]uint64{"second batch": 1, "fourth batch": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, db := sinktest.NewLog(t, 1), postgrestest.New(t)
			backward := recordBackwardMoves(t, db)
			var events []schemas.Event
			play := func(seed uint64) {
				game := sinktest.Game(seed, 4, sinktest.Start)
				events = append(events, game...)
				log.Append(t, sinktest.Records(game, 1)...)
			}

			var freeze, thawed atomic.Bool
			frozen, thaw := make(chan *batch, 1), make(chan struct{})
			stale := start(t, log.Config, db, func(s *Sink) {
				s.cfg.Group = "stale"
				s.cfg.FlushAfter = time.Nanosecond
				s.hooks.begin = func() {
					if !freeze.CompareAndSwap(true, false) {
						return
					}
					r := s.running.Load()
					r.mu.Lock()
					b := r.writing
					r.mu.Unlock()
					frozen <- b
					select {
					case <-thaw:
					case <-t.Context().Done():
					}
				}
				s.hooks.committed = func() error {
					if thawed.Load() {
						return errWritten
					}
					return nil
				}
			})
			for seed := range before {
				play(100 + seed)
				waitWritten(t, log, db)
			}
			freeze.Store(true)
			play(200)
			var held *batch
			select {
			case held = <-frozen:
			case <-time.After(30 * time.Second):
				t.Fatal("the copy started no batch")
			}
			if move := held.offsets[source{schemas.GameEvents, 0}]; len(held.games) != 1 || move.from < int64(before) || move.to <= move.from {
				t.Fatalf("the batch has %d games and moves the offset from %d to %d", len(held.games), move.from, move.to)
			}

			start(t, log.Config, db, nil)
			waitWritten(t, log, db)
			play(300)
			waitWritten(t, log, db)
			thawed.Store(true)
			close(thaw)
			if err := stale.waitFailed(); !errors.Is(err, errFenced) {
				t.Errorf("the frozen copy ended with %v", err)
			}
			if moves := backward(); len(moves) > 0 {
				t.Errorf("stored offsets that did not increase: %v", moves)
			}
			wantRows(t, db, events)
		})
	}
}

// recordBackwardMoves records the committed changes of the stored offsets. The
// function returns those that did not increase an offset.
func recordBackwardMoves(t *testing.T, db *postgrestest.Database) func() [][2]int64 {
	t.Helper()
	if _, err := db.Pool.Exec(t.Context(), `
		CREATE TABLE moves (before bigint, after bigint);
		CREATE FUNCTION record_move() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN INSERT INTO moves VALUES (OLD.next_offset, NEW.next_offset); RETURN NULL; END $$;
		CREATE TRIGGER record_move AFTER UPDATE ON sink_offsets FOR EACH ROW EXECUTE FUNCTION record_move()`); err != nil {
		t.Fatal(err)
	}
	return func() (moves [][2]int64) {
		t.Helper()
		rows, err := db.Pool.Query(t.Context(), "SELECT before, after FROM moves WHERE after <= before")
		if err != nil {
			t.Fatal(err)
		}
		var move [2]int64
		if _, err := pgx.ForEachRow(rows, []any{&move[0], &move[1]}, func() error { moves = append(moves, move); return nil }); err != nil {
			t.Fatal(err)
		}
		return moves
	}
}
