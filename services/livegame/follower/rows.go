package follower

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/outbox"
	"tabiya/tables"
)

var errMisplaced = errors.New("the row is on another partition than its key's")

// readRows reads games-table and returns the rows for which want is true.
func (f *Follower) readRows(ctx context.Context, want func(gameID string) bool) (map[string]held.Row, error) {
	table := tables.Games()
	partitions, err := kafka.PartitionCount(ctx, f.cfg.Kafka, table.Topic)
	if err != nil {
		return nil, err
	}
	guard := tables.NewGuard(0)
	values := make(map[string][]byte)
	err = kafka.ReadAll(ctx, f.cfg.Kafka, table.Topic, func(r *kgo.Record) error {
		key := string(r.Key)
		if !want(key) || schemas.IsPulseKey(key) {
			return nil
		}
		if kafka.PartitionOf(key, partitions) != r.Partition {
			f.skip(r, errMisplaced)
			return nil
		}
		if r.Value == nil {
			if guard.AcceptTombstone(key, values[key], kafka.Header(r, tables.HeaderOffset)) {
				delete(values, key)
			}
			return nil
		}
		if err := table.Verify(key, r.Value); err != nil {
			f.skip(r, err)
			return nil
		}
		newer, err := guard.AcceptRow(key, values[key], r.Value)
		if err != nil {
			f.skip(r, err)
		}
		if newer {
			values[key] = r.Value
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	now, rows := schemas.TimeOf(time.Now()), make(map[string]held.Row, len(values))
	for key, value := range values {
		row, err := table.Decode(key, bytes.Clone(value)) // the row keeps its bytes; without the copy it would keep the whole fetch
		if err == nil {
			err = table.Check(row) // a row with entries that this release cannot read
		}
		if err != nil {
			f.cfg.Logger.Error("row skipped", "err", err, "game_id", key)
			continue
		}
		if !row.Void { // a void row marks a game that was aborted before it was created
			rows[key] = held.Row{State: row, At: now}
		}
	}
	return rows, nil
}

// install installs a game's row and handles the events that the game lacked. complete
// is false if an event is still missing. A row that causes a panic costs its game.
func (f *Follower) install(gameID string, row held.Row) (complete bool) {
	defer func() {
		if p := recover(); p != nil {
			f.cfg.Logger.Error("game evicted: its row cannot be used", "err", fmt.Errorf("panic: %v", p), "game_id", gameID)
			f.cfg.Games.Evict(gameID, outbox.OutOfStep)
		}
	}()
	var woken []*outbox.Outbox
	folded, complete, err := f.cfg.Games.Install(gameID, row, &woken)
	if err != nil {
		f.cfg.Logger.Error("event skipped", "err", err, "game_id", gameID)
	}
	for _, e := range folded {
		f.cfg.OnEvent(e)
	}
	outbox.WakeAll(woken)
	return complete
}
