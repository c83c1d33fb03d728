package follower

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

const (
	// clockSkew is how much two brokers' clocks may differ: that of a partition's commands
	// and that of its events.
	clockSkew = 10 * time.Second
	// startTimeout limits the search for commands that are not finished.
	startTimeout = 10 * time.Second
	// readers is how many partitions are searched at a time.
	readers = 8
)

// unfinishedSince returns, by partition, the broker time of the first command that games
// processors have not committed. A command is committed when its row and its events are
// acknowledged, so no row lacks an event from before that time. Partitions whose commands
// are all committed are omitted.
func unfinishedSince(ctx context.Context, client *kgo.Client) (map[int32]time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	adm := kadm.NewClient(client)
	committed, err := fetchCommitted(ctx, adm)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what group %s has committed: %w", schemas.GamesGroup, err)
	}
	ends, err := adm.ListEndOffsets(ctx, schemas.GameCommands)
	if err := errors.Join(err, ends.Error()); err != nil {
		return nil, fmt.Errorf("list ends of %s: %w", schemas.GameCommands, err)
	}
	starts, err := adm.ListStartOffsets(ctx, schemas.GameCommands)
	if err := errors.Join(err, starts.Error()); err != nil {
		return nil, fmt.Errorf("list starts of %s: %w", schemas.GameCommands, err)
	}
	var mu sync.Mutex
	since := make(map[int32]time.Time)
	reading, ctx := errgroup.WithContext(ctx)
	reading.SetLimit(readers)
	for partition, o := range committed[schemas.GameCommands] {
		end, ok := ends.Lookup(schemas.GameCommands, partition)
		start, ok2 := starts.Lookup(schemas.GameCommands, partition)
		from := max(o.At, start.Offset) // what stood before may be deleted
		if !ok || !ok2 || o.At < 0 || from >= end.Offset {
			continue
		}
		reading.Go(func() error {
			at, err := timeOf(ctx, client, partition, from, end.Offset)
			if err == nil && !at.IsZero() {
				mu.Lock()
				defer mu.Unlock()
				since[partition] = at.Add(-clockSkew)
			}
			return err
		})
	}
	return since, reading.Wait()
}

// fetchCommitted waits while the group's coordinator is away.
func fetchCommitted(ctx context.Context, adm *kadm.Client) (kadm.OffsetResponses, error) {
	for {
		committed, err := adm.FetchOffsets(ctx, schemas.GamesGroup)
		if !kerr.IsRetriable(err) {
			return committed, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

var errFound = errors.New("found")

// timeOf returns the broker time of the first command of a partition from offset from on,
// zero if there is none before end.
func timeOf(ctx context.Context, client *kgo.Client, partition int32, from, end int64) (at time.Time, err error) {
	err = kafka.ReadRange(ctx, client, schemas.GameCommands, partition, from, end, func(r *kgo.Record) error {
		at = r.Timestamp
		return errFound
	})
	if err != nil && !errors.Is(err, errFound) {
		return at, err
	}
	return at, nil
}
