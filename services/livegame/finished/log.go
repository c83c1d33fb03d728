package finished

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/game"
	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/services/livegame/held"
)

const (
	// clockSkew is how much two brokers' clocks may differ. A game's times come from
	// the broker of its commands, a record's time from the broker of its events.
	clockSkew = 10 * time.Second
	// afterLast is how long after its last event a finished game can get another: a
	// rematch may be offered and answered for two and a half minutes, and a processor
	// may be late.
	afterLast = 3 * time.Minute
	// recordOverhead is the size of a record without its key and value, in bytes.
	recordOverhead = 64
)

// LogReader reads single games from game-events.
type LogReader struct {
	Kafka kafka.Config
	// Partitions is the number of partitions of game-events.
	Partitions func() int32
	// MaxBytes limits how much is read for one game, and BytesPerSecond the speed.
	MaxBytes       int64
	BytesPerSecond int64
	BytesRead      prometheus.Counter
}

// logged is a game that was read from the log.
type logged struct {
	state *game.State // nil if the log does not hold the whole game
	final bool        // the game can get no further event
}

// read reads a game's partition, starting at the time from, until no event of the game
// can follow. It returns ErrOutOfReach after MaxBytes.
func (l LogReader) read(ctx context.Context, gameID string, from time.Time) (logged, error) {
	client, err := kgo.NewClient(append(l.Kafka.Opts(), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.MaxConcurrentFetches(1), kgo.FetchMaxPartitionBytes(2<<20),
		kgo.KeepControlRecords())...) // a marker may be the last before the end
	if err != nil {
		return logged{}, err
	}
	defer client.Close()
	partition := kafka.PartitionOf(gameID, l.Partitions())
	at, end, err := window(ctx, client, partition, from.Add(-clockSkew))
	if err != nil || at >= end {
		return logged{}, err
	}
	client.AddConsumePartitions(map[string]map[int32]kgo.Offset{schemas.GameEvents: {partition: kgo.NewOffset().At(at)}})
	f := folder{gameID: gameID, end: end}
	began := time.Now()
	for !f.done {
		fetches := client.PollFetches(ctx)
		if err := errors.Join(ctx.Err(), fetches.Err()); err != nil {
			return logged{}, err
		}
		before := f.bytes
		for r := range fetches.RecordsAll() {
			if err := f.take(r); err != nil {
				return logged{}, err
			}
		}
		l.BytesRead.Add(float64(f.bytes - before))
		if f.bytes > l.MaxBytes {
			return logged{}, ErrOutOfReach
		}
		due := time.Duration(float64(f.bytes) / float64(l.BytesPerSecond) * float64(time.Second))
		select {
		case <-time.After(due - time.Since(began)):
		case <-ctx.Done():
		}
	}
	return f.result(time.Now()), nil
}

// window returns the offset of the first record of a partition at or after the time
// from, and the partition's end.
func window(ctx context.Context, client *kgo.Client, partition int32, from time.Time) (at, end int64, err error) {
	adm := kadm.NewClient(client)
	starts, err := adm.ListOffsetsAfterMilli(ctx, from.UnixMilli(), schemas.GameEvents)
	if err := errors.Join(err, starts.Error()); err != nil {
		return 0, 0, fmt.Errorf("list the offsets of %s at %s: %w", schemas.GameEvents, from, err)
	}
	ends, err := adm.ListEndOffsets(ctx, schemas.GameEvents)
	if err := errors.Join(err, ends.Error()); err != nil {
		return 0, 0, fmt.Errorf("list the end offsets of %s: %w", schemas.GameEvents, err)
	}
	start, _ := starts.Lookup(schemas.GameEvents, partition)
	last, _ := ends.Lookup(schemas.GameEvents, partition)
	return start.Offset, last.Offset, nil
}

// folder folds the events of one game from the records of its partition.
type folder struct {
	gameID string
	end    int64 // the partition's end when the reading began
	state  *game.State
	last   time.Time // broker time of the game's last record, once the game is over
	bytes  int64     // read so far
	done   bool      // the folder needs no more records
	beyond bool      // a record was read that is too late for any event of the game to follow
}

func (f *folder) take(r *kgo.Record) error {
	if f.done {
		return nil
	}
	f.bytes += int64(len(r.Key) + len(r.Value) + recordOverhead)
	f.beyond = !f.last.IsZero() && r.Timestamp.Sub(f.last) > afterLast
	f.done = f.beyond || r.Offset >= f.end-1
	if f.beyond || string(r.Key) != f.gameID {
		return nil
	}
	ev, err := schemas.DecodeEvent(r.Value)
	if err != nil {
		return nil // not an event; the follower skips it too
	}
	var seq int64
	if f.state != nil {
		seq = f.state.Seq
	}
	if ev.Seq <= seq {
		return nil // a repeat
	}
	next, err := game.Apply(f.state, ev)
	if err != nil {
		return fmt.Errorf("apply event %d: %w", ev.Seq, err)
	}
	if f.state = held.Compact(next); f.state.Over() {
		f.last = r.Timestamp
	}
	return nil
}

func (f *folder) result(now time.Time) logged {
	if f.state == nil || !f.state.Over() {
		return logged{}
	}
	return logged{f.state, f.beyond || settled(f.last, now)}
}
