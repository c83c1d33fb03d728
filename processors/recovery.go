package processors

import (
	"context"
	"fmt"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/tables"
)

// applyRecord applies one record of the table topic, unless a newer one came before
// it: Goka has no fencing, so a stale owner may have written after its successor.
func (p *partition[R]) applyRecord(key string, value []byte, ctx goka.UpdateContext) error {
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
		return p.store.Delete(key)
	}
	newer, err := p.guard.AcceptRow(key, have, value)
	if err != nil {
		err = fmt.Errorf("%w at offset %d of %s/%d: %w", ErrCorruptRow, ctx.Offset(), ctx.Topic(), ctx.Partition(), err)
		p.s.fatal.Store(&err)
		return err
	}
	if !newer {
		p.staleKeys[key] = true
		return nil
	}
	delete(p.staleKeys, key)
	return p.store.Set(key, value)
}

// rewriteStaleKeys writes the newest row or tombstone of each stale key again,
// because compaction keeps the last record, which may not have the highest version.
func (p *partition[R]) rewriteStaleKeys(ctx context.Context) error {
	var records []*kgo.Record
	for key := range p.staleKeys {
		value, err := p.store.Get(key)
		if err != nil {
			return err
		}
		r := &kgo.Record{Topic: p.s.p.table.Topic, Key: []byte(key), Value: value}
		if offset, ok := p.guard.DeletedBy(key); value == nil && ok {
			r.Headers = []kgo.RecordHeader{{Key: tables.HeaderOffset, Value: fmt.Append(nil, offset)}}
		}
		records = append(records, r)
	}
	p.staleKeys = nil
	if err := p.s.producer.SendRecords(ctx, records...); err != nil {
		return fmt.Errorf("rewrite rows that a stale owner has overwritten: %w", err)
	}
	return nil
}
