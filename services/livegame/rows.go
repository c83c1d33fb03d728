package livegame

import (
	"bytes"
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/game"
	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

// tableRow is a game as games-table has it, and when the log got it.
type tableRow struct {
	state *game.State
	at    schemas.Time
}

// readRows reads the games of games-table for which want is true.
func (s *Service) readRows(ctx context.Context, want func(gameID string) bool) (map[string]tableRow, error) {
	table := tables.Games()
	guard := tables.NewGuard(0)
	raw := make(map[string][]byte)
	at := make(map[string]schemas.Time)
	err := kafka.ReadAll(ctx, s.cfg.Kafka, table.Topic, func(r *kgo.Record) error {
		key := string(r.Key)
		if !want(key) {
			return nil
		}
		if r.Value == nil {
			if guard.Tombstone(key, raw[key], kafka.Header(r, tables.HeaderOffset)) {
				delete(raw, key)
			}
			return nil
		}
		newer, err := guard.Row(key, raw[key], r.Value)
		if err != nil {
			s.skip(r, err)
		}
		if newer {
			raw[key], at[key] = r.Value, schemas.TimeOf(r.Timestamp)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	rows := make(map[string]tableRow, len(raw))
	for key, value := range raw {
		row, err := table.Decode(key, bytes.Clone(value)) // the row keeps it, not the whole fetch
		if err != nil {
			s.cfg.Logger.Error("row skipped", "err", err, "game_id", key)
			continue
		}
		if !row.Void { // a game that never was
			rows[key] = tableRow{row, at[key]}
		}
	}
	return rows, nil
}

// load fills the hub from games-table. A game that ended long ago is left out.
func (s *Service) load(ctx context.Context) error {
	rows, err := s.readRows(ctx, func(string) bool { return true })
	if err != nil {
		return err
	}
	long := time.Now().Add(-s.cfg.Linger)
	for id, row := range rows {
		if row.state.Over() && row.state.EndedAt().Std().Before(long) && s.hub.board(id) == nil {
			continue
		}
		s.install(id, row)
	}
	return nil
}

// install gives a board its row and does what the events it was missing demand.
// closed is false if there is still a gap.
func (s *Service) install(gameID string, row tableRow) (closed bool) {
	var woken []*outbox
	b := s.hub.add(gameID)
	before := b.snapshot()
	all, closed, err := b.install(row, &woken)
	if err != nil {
		s.cfg.Logger.Error("event skipped", "err", err, "game_id", gameID)
	}
	for _, f := range all {
		s.learned(f)
	}
	wake(woken)
	after := b.snapshot()
	if before == nil && after != nil {
		s.hub.arrived(gameID)
	}
	if after != nil {
		s.hub.running.note(b)
	}
	if after != nil && after.Over() && (before == nil || !before.Over()) {
		s.finished.add(gameID, after.EndedAt().Std().Add(s.cfg.Linger))
	}
	return closed
}

func wake(boxes []*outbox) {
	for _, box := range boxes {
		box.wake()
	}
}
