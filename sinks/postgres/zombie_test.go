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

var errWritten = errors.New("what another copy has gone past was written")

// A zombie that had stored an offset before it froze moves it on from there, and
// only from there: when it goes on, its transaction fails, first batch or not.
func TestAZombieFrozenInALaterBatchFailsAndMovesNothingBack(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]uint64{"in its second batch": 1, "in its fourth batch": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, db := sinktest.NewLog(t, 1), postgrestest.New(t)
			back := stepsBack(t, db)
			var events []schemas.Event
			play := func(seed uint64) {
				game := sinktest.Game(seed, 4, sinktest.Start)
				events = append(events, game...)
				log.Append(t, sinktest.Records(game, 1)...)
			}

			var freezes, thawed atomic.Bool
			frozen, thaw := make(chan *batch, 1), make(chan struct{})
			zombie := start(t, log.Config, db, func(s *Sink) {
				s.cfg.Group = "zombie"
				s.cfg.FlushAfter = time.Nanosecond
				s.hooks.begin = func() {
					if !freezes.CompareAndSwap(true, false) {
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
				written(t, log, db)
			}
			freezes.Store(true)
			play(200)
			var held *batch
			select {
			case held = <-frozen:
			case <-time.After(30 * time.Second):
				t.Fatal("the zombie began no batch")
			}
			if m := held.lanes[0]; len(held.games) != 1 || m.from < int64(before) || m.next <= m.from {
				t.Fatalf("it holds %d games and goes from %d to %d", len(held.games), m.from, m.next)
			}

			start(t, log.Config, db, nil)
			written(t, log, db)
			play(300)
			written(t, log, db)
			thawed.Store(true)
			close(thaw)
			if err := zombie.fails(); !errors.Is(err, errFenced) {
				t.Errorf("the zombie ended with %v", err)
			}
			if steps := back(); len(steps) > 0 {
				t.Errorf("the stored offset went back: %v", steps)
			}
			want(t, db, events)
		})
	}
}

// stepsBack watches the stored offsets; the function gives their committed steps
// that did not lead on.
func stepsBack(t *testing.T, db *postgrestest.Database) func() [][2]int64 {
	t.Helper()
	if _, err := db.Pool.Exec(t.Context(), `
		CREATE TABLE steps (was bigint, now bigint);
		CREATE FUNCTION note_step() RETURNS trigger LANGUAGE plpgsql AS
			$$ BEGIN INSERT INTO steps VALUES (OLD.next_offset, NEW.next_offset); RETURN NULL; END $$;
		CREATE TRIGGER note_step AFTER UPDATE ON sink_offsets FOR EACH ROW EXECUTE FUNCTION note_step()`); err != nil {
		t.Fatal(err)
	}
	return func() (steps [][2]int64) {
		t.Helper()
		rows, err := db.Pool.Query(t.Context(), "SELECT was, now FROM steps WHERE now <= was")
		if err != nil {
			t.Fatal(err)
		}
		var s [2]int64
		if _, err := pgx.ForEachRow(rows, []any{&s[0], &s[1]}, func() error { steps = append(steps, s); return nil }); err != nil {
			t.Fatal(err)
		}
		return steps
	}
}
