package rebuild

import (
	"context"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/player"
	"tabiya/internal/core/queue"
	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

// queues makes matchmaking-table again and returns how many rows it wrote. Who waited
// is told in queue-events that they left, and their seat is released. If cut is nil, the
// players have their seats; else players-table is made again up to those places, and the
// seats of players who have a match are added to seats.
func (b *builder) queues(ctx context.Context, live liveGames, cut []int64, seats map[string]player.Seat) (rows int, err error) {
	queued := queuedPlayers{next: make([]int64, len(cut))}
	for partition, place := range cut {
		queued.next[partition] = place + 1
	}
	if cut == nil {
		if queued, err = readQueuedPlayers(ctx, b.cfg); err != nil {
			return 0, err
		}
	}
	places, err := b.decided(ctx, aggregate(queues))
	if err != nil {
		return 0, err
	}
	for partition := range int32(len(places)) {
		var states map[string]*queue.State
		failed := make(map[string]error)
		err := b.settled(ctx, schemas.QueueEvents, partition, func() (err error) {
			states, failed, err = b.foldQueues(ctx, partition)
			return err
		})
		if err != nil {
			return rows, err
		}
		for key := range queued.queues { // a queue that nobody has joined yet
			_, known := states[key]
			if !known && failed[key] == nil && kafka.PartitionOf(key, int32(len(places))) == partition {
				states[key] = nil
			}
		}
		n, err := b.writeQueues(ctx, partition, places[partition], states, failed, func(key string, s *queue.State) (*queue.State, []schemas.Message) {
			next, out := b.queue(key, s, survey(key, queued, live), places[partition])
			for i := range next.Matches {
				white, black := next.Matches[i].Sides()
				keepSeat(seats, key, white, black)
			}
			return next, out
		})
		if err != nil {
			return rows, err
		}
		rows += n
	}
	return rows, nil
}

func (b *builder) foldQueues(ctx context.Context, partition int32) (states map[string]*queue.State, failed map[string]error, err error) {
	states, failed = make(map[string]*queue.State), make(map[string]error)
	err = b.events(ctx, schemas.QueueEvents, partition, time.UnixMilli(0), func(r *kgo.Record) error {
		ev, ok := decode(r)
		if _, broken := failed[ev.Key]; !ok || broken {
			return nil
		}
		next, err := queue.Apply(states[ev.Key], ev)
		if err != nil {
			failed[ev.Key] = err
			delete(states, ev.Key)
			return nil //nolint:nilerr // it costs its key alone
		}
		states[ev.Key] = next
		return nil
	})
	return states, failed, err
}

// queue makes one row, as the processor does that repairs it.
func (b *builder) queue(key string, s *queue.State, known queue.Survey, place int64) (*queue.State, []schemas.Message) {
	var seq int64
	if s != nil {
		seq = s.Seq
	}
	cmd := schemas.Command{ID: schemas.DerivedID(key, "rebuild", seq), Type: schemas.RepairQueue, Key: key, Actor: schemas.ActorSystem}
	return queue.Config{}.Rebuild(s, known, cmd, b.now, 0, place)
}

// writeQueues writes the rows and messages of a partition. The messages come first: if
// this process dies in between, the next one finds those events and goes on from them.
func (b *builder) writeQueues(ctx context.Context, partition int32, place int64, states map[string]*queue.State, failed map[string]error,
	rowOfQueue func(string, *queue.State) (*queue.State, []schemas.Message),
) (rows int, err error) {
	table := tables.Queues()
	have, err := existing(ctx, b, table, partition)
	if err != nil {
		return 0, err
	}
	var messages, records []*kgo.Record
	for key, s := range states {
		row, out := rowOfQueue(key, s)
		row.Version = b.version(have[key])
		records = append(records, rowOf(table, key, row))
		for _, m := range out {
			rec := kafka.Record(m.Record())
			if _, ok := m.(schemas.Event); ok {
				rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: schemas.HeaderPlace, Value: strconv.AppendInt(nil, place, 10)})
			}
			messages = append(messages, rec)
		}
	}
	for key, err := range failed {
		b.logger.Error("queue not rebuilt: its key will be quarantined", "queue", key, "err", err)
		records = append(records, notRebuilt(table.Topic, key, err))
	}
	if err := b.send(ctx, messages); err != nil {
		return 0, err
	}
	return len(states), b.send(ctx, records)
}
