package processors

import (
	"context"
	"errors"
	"fmt"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/tables"
)

// applyRecord applies one record of the table topic, unless a newer one came before
// it: Goka has no fencing, so a stale owner may have written after its successor.
//
// A record that is not a row of its key quarantines the key, until a newer record
// supersedes it. A record on another partition than its key's is ignored.
func (p *partition[R]) applyRecord(key string, value []byte, ctx goka.UpdateContext) error {
	p.tableRecords++
	if kafka.PartitionOf(key, p.s.commandPartitions) != p.number {
		p.misplaced.note(key, value, ctx.Offset())
		return nil
	}
	have, err := p.store.Get(key)
	if err != nil {
		return err
	}
	if value == nil {
		header := ctx.Headers()[tables.HeaderOffset]
		if reason, err := p.checkAhead(value, header); reason != nil || err != nil {
			p.setAside(key, ctx, reason)
			return err
		}
		if !p.guard.AcceptTombstone(key, have, header) {
			p.staleKeys[key] = true
			return nil
		}
		delete(p.staleKeys, key)
		delete(p.later, key)
		p.quarantined.lift(key)
		if header == nil && p.s.p.remakesDeleted(key) {
			p.quarantined.add(key, quarantinedRow{offset: ctx.Offset(), reason: errDeletedByHand})
		}
		return p.store.Delete(key)
	}
	if err := p.s.p.table.Verify(key, value); errors.Is(err, tables.ErrLaterFormat) {
		return p.applyLater(key, have, value, ctx, err)
	} else if err != nil {
		p.setAside(key, ctx, err)
		return nil
	}
	if reason, err := p.checkAhead(value, nil); reason != nil || err != nil {
		p.setAside(key, ctx, reason)
		return err
	}
	newer, err := p.guard.AcceptRow(key, have, value)
	if err != nil {
		return err
	}
	if head, err := tables.PeekHead(value); err == nil && newer {
		newer = p.later.supersededBy(key, head)
	}
	if !newer {
		p.staleKeys[key] = true
		return nil
	}
	delete(p.staleKeys, key)
	p.quarantined.lift(key)
	return p.store.Set(key, value)
}

// setAside quarantines the key of a record that the recovery met. A reason of nil, that
// of a recovery that failed, does nothing.
func (p *partition[R]) setAside(key string, ctx goka.UpdateContext, reason error) {
	switch {
	case reason == nil:
	case p.isPulseKey(key):
		p.s.p.logger.Error("corrupt pulse row ignored", "topic", ctx.Topic(), "partition", ctx.Partition(), "offset", ctx.Offset(), "err", reason)
	default:
		delete(p.staleKeys, key)
		p.quarantined.add(key, quarantinedRow{offset: ctx.Offset(), reason: reason})
	}
}

// rewriteStaleKeys writes the newest row or tombstone of each stale key again,
// because compaction keeps the last record, which may not have the highest version. A
// quarantined key's corrupt row counts as its newest.
func (p *partition[R]) rewriteStaleKeys(ctx context.Context) error {
	var records []*kgo.Record
	for key := range p.staleKeys {
		value, err := p.store.Get(key)
		if err != nil {
			return err
		}
		if row, ok := p.quarantined.get(key); ok {
			if records, err = p.appendRecordAt(ctx, records, row.offset); err != nil {
				return err
			}
			continue
		}
		r := &kgo.Record{Topic: p.s.p.table.Topic, Key: []byte(key), Value: value}
		if offset, ok := p.guard.DeletedBy(key); value == nil && ok {
			r.Headers = []kgo.RecordHeader{{Key: tables.HeaderOffset, Value: fmt.Append(nil, offset)}}
		}
		records = append(records, r)
	}
	p.staleKeys = nil
	for range records {
		p.foreign.sent()
	}
	err := p.s.producer.SendRecords(ctx, records...)
	for _, r := range records {
		p.foreign.acknowledged(r.Offset, err)
	}
	if err != nil {
		return fmt.Errorf("rewrite rows that a stale owner has overwritten: %w", err)
	}
	return nil
}

// appendRecordAt appends a copy of the record at an offset of the table topic, none if
// it was compacted away.
func (p *partition[R]) appendRecordAt(ctx context.Context, records []*kgo.Record, offset int64) ([]*kgo.Record, error) {
	topic := p.s.p.table.Topic
	err := kafka.ReadRange(ctx, p.s.client, topic, p.number, offset, offset+1, func(r *kgo.Record) error {
		value := r.Value[:min(len(r.Value), kafka.MaxRecordBytes)] // a part of a corrupt one is corrupt as well
		records = append(records, &kgo.Record{Topic: topic, Key: r.Key, Value: value, Headers: r.Headers})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the record at offset %d of %s/%d: %w", offset, topic, p.number, err)
	}
	return records, nil
}
