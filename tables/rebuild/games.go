package rebuild

import (
	"context"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/game"
	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

// finishedKept is how long ago a game may have ended to get a row again, so that a
// repeated command finds it. It is at least as long as such a row would have been kept.
const finishedKept = 15 * time.Minute

// games makes games-table again and returns how many rows it wrote.
func (b *builder) games(ctx context.Context) (rows int, err error) {
	cut, err := b.decided(ctx, aggregate(games))
	if err != nil {
		return 0, err
	}
	for partition := range int32(len(cut)) {
		var records []*kgo.Record
		n := 0
		err := b.settled(ctx, schemas.GameEvents, partition, func() (err error) {
			records, n, err = b.gamesOf(ctx, partition, cut[partition])
			return err
		})
		if err != nil {
			return rows, err
		}
		if err := b.send(ctx, records); err != nil {
			return rows, err
		}
		rows += n
	}
	return rows, nil
}

// gamesOf returns the rows of the games of a partition, and tombstones for those that
// are over.
func (b *builder) gamesOf(ctx context.Context, partition int32, place int64) (records []*kgo.Record, rows int, err error) {
	table := tables.Games()
	have, err := existing(ctx, b, table, partition)
	if err != nil {
		return nil, 0, err
	}
	live, over, err := b.liveGames(ctx, partition, have)
	if err != nil {
		return nil, 0, err
	}
	states, failed, err := b.foldGames(ctx, partition, live)
	if err != nil {
		return nil, 0, err
	}
	for key, s := range states {
		if s.Over() && b.longAgo(s.UpdatedAt) {
			over = append(over, key) // an event that was repeated late made it look alive
			continue
		}
		records = append(records, rowOf(table, key, s.Stamped(b.version(have[key]), place)))
		rows++
	}
	pulses, err := b.pulses(ctx, partition, have, place)
	if err != nil {
		return nil, 0, err
	}
	if pulses != nil {
		records = append(records, pulses)
	}
	for key, err := range failed {
		b.logger.Error("game not rebuilt: its key will be quarantined", "game_id", key, "err", err)
		records = append(records, notRebuilt(table.Topic, key, err))
	}
	for _, key := range over {
		if _, ok := have[key]; ok {
			records = append(records, deleted(table.Topic, key, place))
		}
	}
	return records, rows, nil
}

func (b *builder) longAgo(at schemas.Time) bool { return at < b.now.Add(-finishedKept) }

// liveGames returns the games of a partition that are not over, or have not been for
// long, with the broker time of their first event; and those of have that are. It reads
// keys and headers, and decodes terminal events alone.
func (b *builder) liveGames(ctx context.Context, partition int32, have map[string]schemas.Head) (live map[string]time.Time, over []string, err error) {
	live = make(map[string]time.Time)
	err = b.events(ctx, schemas.GameEvents, partition, time.UnixMilli(0), func(r *kgo.Record) error {
		key, kind := string(r.Key), schemas.EventType(kafka.Header(r, schemas.HeaderType))
		_, known := live[key]
		switch {
		case kind.Topic() != schemas.GameEvents: // not one of our events
		case kind.Terminal():
			if ev, ok := decode(r); !ok || !ev.Type.Terminal() || !b.longAgo(schemas.TimeOf(r.Timestamp)) {
				return nil
			}
			delete(live, key)
			if _, ok := have[key]; ok {
				over = append(over, key)
			}
		case !known && !kind.CarriesRow():
			live[key] = r.Timestamp
		}
		return nil
	})
	return live, over, err
}

// foldGames applies the events of the games in live. A game whose events cannot be
// applied is in failed.
func (b *builder) foldGames(ctx context.Context, partition int32, live map[string]time.Time) (states map[string]*game.State, failed map[string]error, err error) {
	if len(live) == 0 {
		return nil, nil, nil
	}
	var first time.Time
	for _, at := range live {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	states, failed, err = b.foldGamesSince(ctx, partition, live, first)
	if err == nil && len(failed) > 0 {
		// The first event that was seen may have been a repeat: look further back.
		again := make(map[string]time.Time)
		for key := range failed {
			again[key] = time.Time{}
			delete(states, key)
		}
		older, stillFailed, err := b.foldGamesSince(ctx, partition, again, time.UnixMilli(0))
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(states, older)
		failed = stillFailed
	}
	return states, failed, err
}

func (b *builder) foldGamesSince(ctx context.Context, partition int32, wanted map[string]time.Time, from time.Time) (states map[string]*game.State, failed map[string]error, err error) {
	states, failed = make(map[string]*game.State), make(map[string]error)
	err = b.events(ctx, schemas.GameEvents, partition, from, func(r *kgo.Record) error {
		key := string(r.Key)
		_, broken := failed[key]
		if _, ok := wanted[key]; !ok || broken {
			return nil
		}
		ev, ok := decode(r)
		if !ok {
			return nil
		}
		next, err := game.Apply(states[key], ev)
		if err != nil {
			failed[key] = err
			delete(states, key)
			return nil //nolint:nilerr // it costs its key alone
		}
		states[key] = next
		return nil
	})
	return states, failed, err
}
