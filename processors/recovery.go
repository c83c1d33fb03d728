package processors

import (
	"context"
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
	if kafka.PartitionOf(key, p.s.commandPartitions) != p.number {
		p.misplaced.note(key, value, ctx.Offset())
		return nil
	}
	have, err := p.store.Get(key)
	if err != nil {
		return err
	}
	if value == nil {
		if !p.guard.AcceptTombstone(key, have, ctx.Headers()[tables.HeaderOffset]) {
			p.staleKeys[key] = true
			return nil
		}
		delete(p.staleKeys, key)
		p.quarantined.lift(key)
		return p.store.Delete(key)
	}
	if err := p.s.p.table.Verify(key, value); isLaterFormat(err) {
		err = fmt.Errorf("offset %d of %s/%d: %w", ctx.Offset(), ctx.Topic(), ctx.Partition(), err)
		p.s.fatal.Store(&err)
		return err
	} else if err != nil && p.isPulseKey(key) {
		p.s.p.logger.Error("corrupt pulse row ignored", "topic", ctx.Topic(), "partition", ctx.Partition(), "offset", ctx.Offset(), "err", err)
		return nil
	} else if err != nil {
		delete(p.staleKeys, key)
		p.quarantined.add(key, quarantinedRow{raw: value, offset: ctx.Offset(), reason: err})
		return nil //nolint:nilerr // the quarantine keeps the error
	}
	newer, err := p.guard.AcceptRow(key, have, value)
	if err != nil {
		return err
	}
	if !newer {
		p.staleKeys[key] = true
		return nil
	}
	delete(p.staleKeys, key)
	p.quarantined.lift(key)
	return p.store.Set(key, value)
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
			value = row.raw
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
