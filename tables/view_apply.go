package tables

import (
	"errors"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
)

// take applies one record.
func (v *View[R]) take(r *kgo.Record) {
	key := string(r.Key)
	v.mu.Lock()
	taken := v.apply(key, r)
	if taken {
		v.index(key)
	}
	if taken {
		for _, ch := range v.waiting[key] {
			close(ch)
		}
		delete(v.waiting, key)
	}
	v.mu.Unlock()
	if !taken || v.OnUpdate == nil {
		return
	}
	row, _ := v.Get(key)
	v.OnUpdate(key, row)
}

// index notes the SecondKey of a row that has changed.
func (v *View[R]) index(key string) {
	raw, ok := v.rows[key]
	if !ok || v.SecondKey == nil {
		return
	}
	if row, ok := v.decode(key, raw); ok {
		v.second[v.SecondKey(row)] = key
	}
}

// apply applies a record and reports whether it changed the key's row. It skips a
// record that is no row of this key, so that the key keeps the row that it has.
func (v *View[R]) apply(key string, r *kgo.Record) bool {
	if want := kafka.PartitionOf(key, v.partitions); want != r.Partition {
		v.misplacedLog.Do(func() {
			v.logger.Error("view ignores rows on another partition than their key's", "topic", r.Topic,
				"partition", r.Partition, "offset", r.Offset, "key", key, "want", want)
		})
		return false
	}
	have := v.rows[key]
	if r.Value == nil {
		if !v.guard.AcceptTombstone(key, have, kafka.Header(r, HeaderOffset)) {
			return false
		}
		delete(v.rows, key)
		return true
	}
	err := v.table.Verify(key, r.Value)
	if errors.Is(err, ErrLaterFormat) {
		v.laterLog.Do(func() {
			v.logger.Warn("view skips rows of a later release", "topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "err", err)
		})
		return false
	}
	var newer bool
	if err == nil {
		newer, err = v.guard.AcceptRow(key, have, r.Value)
	}
	if err != nil {
		v.logger.Error("view skips a malformed row", "topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "err", err)
		return false
	}
	if newer {
		// Copy the value: it is a slice of the fetched batch.
		v.rows[key] = append(make([]byte, 0, len(r.Value)), r.Value...)
	}
	return newer
}
