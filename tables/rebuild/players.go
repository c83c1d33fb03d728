package rebuild

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/player"
	"tabiya/schemas"
	"tabiya/tables"
)

// players makes players-table again and returns how many rows it wrote. cut is what
// decided returned for player-commands; seats are those of players who have a game.
func (b *builder) players(ctx context.Context, cut []int64, seats map[string]player.Seat) (rows int, err error) {
	for partition := range int32(len(cut)) {
		var records []*kgo.Record
		n := 0
		err := b.settled(ctx, schemas.PlayerEvents, partition, func() (err error) {
			records, n, err = b.playersOf(ctx, partition, cut[partition], seats)
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

func (b *builder) playersOf(ctx context.Context, partition int32, place int64, seats map[string]player.Seat) (records []*kgo.Record, rows int, err error) {
	table := tables.Players()
	have, err := existing(ctx, b, table, partition)
	if err != nil {
		return nil, 0, err
	}
	states, failed := make(map[string]*player.State), make(map[string]error)
	err = b.events(ctx, schemas.PlayerEvents, partition, time.UnixMilli(0), func(r *kgo.Record) error {
		ev, ok := decode(r)
		if _, broken := failed[ev.Key]; !ok || broken {
			return nil
		}
		next, err := player.Apply(states[ev.Key], ev, min(place, placeOf(r)))
		if err != nil {
			failed[ev.Key] = err
			delete(states, ev.Key)
			return nil //nolint:nilerr // it costs its key alone
		}
		states[ev.Key] = next
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	for key, s := range states {
		records = append(records, rowOf(table, key, s.Stamped(b.version(have[key]), place, seats[key])))
	}
	for key, err := range failed {
		b.logger.Error("player not rebuilt: their key will be quarantined", "player_id", key, "err", err)
		records = append(records, notRebuilt(table.Topic, key, err))
	}
	return records, len(states), nil
}
