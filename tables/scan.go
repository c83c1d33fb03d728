package tables

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// State says why a record of a table topic is set aside.
type State string

const (
	// Corrupt is the state of a key's newest record that is not a row of the key. Its
	// owner quarantines the key at the next recovery of its partition.
	Corrupt State = "corrupt"
	// Misplaced is the state of a record on another partition than its key's. It is
	// ignored.
	Misplaced State = "misplaced"
	// LaterFormat is the state of a row of a later release. It stops a processor of
	// this release.
	LaterFormat State = "later format"
)

// SetAside is a record of a table topic that is not used as its key's row.
type SetAside struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	Key       string `json:"key"`
	Bytes     int    `json:"bytes"` // the size of its value
	State     State  `json:"state"`
	Reason    string `json:"reason"`
}

// Scan reads a table from its beginning to its present end, decodes every row, and
// returns the records that are set aside, by partition and offset.
func Scan[R Row](ctx context.Context, cfg kafka.Config, table Table[R]) ([]SetAside, error) {
	partitions, err := kafka.PartitionCount(ctx, cfg, table.Topic)
	if err != nil {
		return nil, err
	}
	s := scanner[R]{
		table: table, partitions: partitions, guard: NewGuard(0),
		heads: make(map[string][]byte), aside: make(map[place]SetAside),
	}
	if err := kafka.ReadAll(ctx, cfg, table.Topic, s.take); err != nil {
		return nil, fmt.Errorf("scan %s: %w", table.Topic, err)
	}
	return slices.SortedFunc(maps.Values(s.aside), func(a, b SetAside) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Offset, b.Offset))
	}), nil
}

// scanner applies the records of a table as a recovery does, and keeps the heads of
// the good rows alone.
type scanner[R Row] struct {
	table      Table[R]
	partitions int32
	guard      *Guard
	heads      map[string][]byte
	aside      map[place]SetAside
}

// place tells a key's own partition from those on which it is misplaced.
type place struct {
	partition int32
	key       string
}

func (s *scanner[R]) take(r *kgo.Record) error {
	key := string(r.Key)
	at := place{r.Partition, key}
	found := SetAside{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: key, Bytes: len(r.Value)}
	if want := kafka.PartitionOf(key, s.partitions); want != r.Partition {
		found.State, found.Reason = Misplaced, fmt.Sprintf("its key belongs to partition %d", want)
		s.aside[at] = found
		if r.Value == nil {
			delete(s.aside, at)
		}
		return nil
	}
	if r.Value == nil {
		if s.guard.AcceptTombstone(key, s.heads[key], kafka.Header(r, HeaderOffset)) {
			delete(s.heads, key)
			delete(s.aside, at)
		}
		return nil
	}
	if err := s.decode(key, r.Value); err != nil {
		found.State, found.Reason = Corrupt, err.Error()
		if errors.Is(err, ErrLaterFormat) {
			found.State = LaterFormat
		}
		s.aside[at] = found
		return nil
	}
	newer, err := s.guard.AcceptRow(key, s.heads[key], r.Value)
	if err != nil {
		return err
	}
	if newer {
		s.heads[key] = slices.Clone(r.Value[:min(headSize, len(r.Value))])
		delete(s.aside, at)
	}
	return nil
}

func (s *scanner[R]) decode(key string, value []byte) (err error) {
	if s.table.Topic == schemas.GamesTable && schemas.IsPulseKey(key) {
		_, err = Pulses().Decode(key, value)
	} else {
		_, err = s.table.Decode(key, value)
	}
	return err
}
