package livegame

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/game"
	"tabiya/internal/kafka"
	"tabiya/schemas"
)

const (
	// clockSkew is how far two brokers' clocks may be apart: a game's time is by
	// the clock of its commands' broker, a record's by that of its events'.
	clockSkew = 10 * time.Second
	// afterLast is how long after an event a game that is over can have one more: a
	// rematch is talked about for two and a half minutes, and a processor may be late.
	afterLast = 3 * time.Minute
	// recordOverhead is what a record takes besides key and value.
	recordOverhead = 64
)

// readGame reads a game's partition of game-events from a time on until nothing
// of the game can come any more, at a bounded rate and up to a bound.
func (s *Service) readGame(ctx context.Context, gameID string, from time.Time) (past, error) {
	client, err := kgo.NewClient(append(s.cfg.Kafka.Opts(), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.MaxConcurrentFetches(1), kgo.FetchMaxPartitionBytes(2<<20))...)
	if err != nil {
		return past{}, err
	}
	defer client.Close()
	partition := kafka.PartitionOf(gameID, s.partitions.Load())
	at, end, err := window(ctx, client, partition, from.Add(-clockSkew))
	if err != nil || at >= end {
		return past{}, err
	}
	client.AddConsumePartitions(map[string]map[int32]kgo.Offset{schemas.GameEvents: {partition: kgo.NewOffset().At(at)}})
	p := pastReader{gameID: gameID, end: end}
	began := time.Now()
	for !p.done {
		fetches := client.PollFetches(ctx)
		if err := errors.Join(ctx.Err(), fetches.Err()); err != nil {
			return past{}, err
		}
		before := p.bytes
		for r := range fetches.RecordsAll() {
			if err := p.take(r); err != nil {
				return past{}, err
			}
		}
		s.metrics.past.Add(float64(p.bytes - before))
		if p.bytes > s.cfg.MaxPast {
			return past{}, errNotInReach
		}
		// As slowly as the rate wants it.
		due := time.Duration(float64(p.bytes) / float64(s.cfg.PastRate) * float64(time.Second))
		select {
		case <-time.After(due - time.Since(began)):
		case <-ctx.Done():
		}
	}
	return p.past(time.Now()), nil
}

// window is where to begin in a partition, and where it ends now.
func window(ctx context.Context, client *kgo.Client, partition int32, from time.Time) (at, end int64, err error) {
	adm := kadm.NewClient(client)
	starts, err := adm.ListOffsetsAfterMilli(ctx, from.UnixMilli(), schemas.GameEvents)
	if err := errors.Join(err, starts.Error()); err != nil {
		return 0, 0, fmt.Errorf("find %s in %s: %w", from, schemas.GameEvents, err)
	}
	ends, err := adm.ListEndOffsets(ctx, schemas.GameEvents)
	if err := errors.Join(err, ends.Error()); err != nil {
		return 0, 0, fmt.Errorf("list the end offsets of %s: %w", schemas.GameEvents, err)
	}
	start, _ := starts.Lookup(schemas.GameEvents, partition)
	last, _ := ends.Lookup(schemas.GameEvents, partition)
	return start.Offset, last.Offset, nil
}

// pastReader folds one game out of the records of a partition.
type pastReader struct {
	gameID string
	end    int64 // of the partition, when the reading began
	state  *game.State
	last   time.Time // when the game is over: of its last record
	bytes  int64
	done   bool
	beyond bool // a record was seen that nothing of the game can follow
}

func (p *pastReader) take(r *kgo.Record) error {
	if p.done {
		return nil
	}
	p.bytes += int64(len(r.Key) + len(r.Value) + recordOverhead)
	p.beyond = !p.last.IsZero() && r.Timestamp.Sub(p.last) > afterLast
	p.done = p.beyond || r.Offset >= p.end-1
	if p.beyond || string(r.Key) != p.gameID {
		return nil
	}
	ev, err := schemas.DecodeEvent(r.Value)
	if err != nil {
		return nil // no event, as the follower sees it
	}
	var seq int64
	if p.state != nil {
		seq = p.state.Seq
	}
	if ev.Seq <= seq {
		return nil // a repeat
	}
	next, err := game.Apply(p.state, ev)
	if err != nil {
		return fmt.Errorf("apply event %d: %w", ev.Seq, err)
	}
	if p.state = compacted(next); p.state.Over() {
		p.last = r.Timestamp
	}
	return nil
}

func (p *pastReader) past(now time.Time) past {
	if p.state == nil || !p.state.Over() {
		return past{}
	}
	return past{p.state, p.beyond || settled(p.last, now)}
}
