package rebuild

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

// events calls fn for the records of a partition of an events topic, from a broker time
// on, that are where their key belongs.
func (b *builder) events(ctx context.Context, topic string, partition int32, from time.Time, fn func(r *kgo.Record) error) error {
	count, err := b.topology.Partitions(topic)
	if err != nil {
		return err
	}
	return kafka.ReadPartition(ctx, b.client, topic, partition, from, func(r *kgo.Record) error {
		if kafka.PartitionOf(string(r.Key), count) != partition {
			return nil
		}
		return fn(r)
	})
}

// decode returns the event of a record. ok is false if it is not an event of its key.
func decode(r *kgo.Record) (ev schemas.Event, ok bool) {
	ev, err := schemas.DecodeEvent(r.Value)
	return ev, err == nil && ev.Key == string(r.Key) && ev.Type.Topic() == r.Topic
}

// placeOf returns the place of the command that led to an event, -1 if the event does
// not say: releases before this one wrote none.
func placeOf(r *kgo.Record) int64 {
	place, err := strconv.ParseInt(string(kafka.Header(r, schemas.HeaderPlace)), 10, 64)
	if err != nil {
		return -1
	}
	return place
}

// decided returns, by partition, the place of the last command of an aggregate that is
// known to be decided.
func (b *builder) decided(ctx context.Context, a schemas.Aggregate) ([]int64, error) {
	t := b.topology.Of(a.Commands)
	committed, err := b.adm.FetchOffsets(ctx, a.Group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, fmt.Errorf("read what group %s has committed: %w", a.Group, err)
	}
	ends, err := b.adm.ListEndOffsets(ctx, a.Commands)
	if err := errors.Join(err, ends.Error()); err != nil {
		return nil, fmt.Errorf("list ends of %s: %w", a.Commands, err)
	}
	places := make([]int64, t.Partitions)
	for partition := range t.Partitions {
		end, _ := ends.Lookup(a.Commands, partition)
		limit := t.Commands.End(partition, end.Offset) - 1 // whatever a header says
		places[partition] = min(limit, lastCommitted(committed, a, t, partition))
		err := b.events(ctx, a.Events, partition, time.UnixMilli(0), func(r *kgo.Record) error {
			if _, ok := decode(r); !ok {
				return nil // anybody's
			}
			if place := placeOf(r); place <= limit {
				places[partition] = max(places[partition], place)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return places, nil
}

func lastCommitted(committed kadm.OffsetResponses, a schemas.Aggregate, t schemas.Topology, partition int32) int64 {
	o, ok := committed.Lookup(a.Commands, partition)
	if !ok || o.Err != nil || o.At <= 0 {
		return -1
	}
	return t.Commands.End(partition, o.At) - 1
}

// existing returns the heads of the good rows of a partition of a table.
func existing[R tables.Row](ctx context.Context, b *builder, table tables.Table[R], partition int32) (map[string]schemas.Head, error) {
	heads := make(map[string]schemas.Head)
	err := kafka.ReadPartition(ctx, b.client, table.Topic, partition, time.UnixMilli(0), func(r *kgo.Record) error {
		key := string(r.Key)
		if r.Value == nil {
			delete(heads, key)
			return nil
		}
		if err := table.Verify(key, r.Value); err != nil {
			return nil //nolint:nilerr // no good row
		}
		if head, err := tables.PeekHead(r.Value); err == nil && head.Version >= heads[key].Version {
			heads[key] = head
		}
		return nil
	})
	return heads, err
}

// version returns the version of the rebuilt row of a key: above any that it had.
func (b *builder) version(have schemas.Head) int64 {
	return max(schemas.RebuiltVersion(b.now), have.Version+1)
}

// batch is how many rows are sent at a time.
const batch = 500

// send writes records to their topics.
func (b *builder) send(ctx context.Context, records []*kgo.Record) error {
	for len(records) > 0 {
		n := min(batch, len(records))
		if err := b.producer.SendRecords(ctx, records[:n]...); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// rowOf is the record of a rebuilt row.
func rowOf[R tables.Row](table tables.Table[R], key string, row R) *kgo.Record {
	return &kgo.Record{Topic: table.Topic, Key: []byte(key), Value: table.Encode(key, row)}
}

// notRebuilt is the record of a key whose events do not make a row: it is no row, so the
// key is quarantined.
func notRebuilt(table, key string, reason error) *kgo.Record {
	return &kgo.Record{Topic: table, Key: []byte(key), Value: []byte("not rebuilt: " + reason.Error())}
}

// deleted is the tombstone of a key without a row, by a command that was decided.
func deleted(table, key string, place int64) *kgo.Record {
	return &kgo.Record{Topic: table, Key: []byte(key), Headers: []kgo.RecordHeader{
		{Key: tables.HeaderOffset, Value: strconv.AppendInt(nil, place, 10)},
	}}
}

// settled calls fn until no event was added to the partition meanwhile, as a process
// that hung since before the table was closed could do.
func (b *builder) settled(ctx context.Context, topic string, partition int32, fn func() error) error {
	for {
		before, err := kafka.EndOffset(ctx, b.client, topic, partition)
		if err != nil {
			return err
		}
		if err := fn(); err != nil {
			return err
		}
		after, err := kafka.EndOffset(ctx, b.client, topic, partition)
		if err != nil || after == before {
			return err
		}
	}
}
