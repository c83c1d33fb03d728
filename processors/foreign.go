package processors

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/tables"
)

// Pauses of the search for records of others in the table topic. They must be short
// beside the topic's min.compaction.lag.ms.
const (
	foreignPoll  = 2 * time.Second
	foreignRetry = 200 * time.Millisecond
)

// foreignRecords finds the records of a partition of the table topic that this owner
// did not write. Only the owner writes there, so the offsets of its acknowledged
// records have no gap. What is in a gap, or behind the last of them, is another's:
// a stale owner's, or an operator's. To find it costs no reading of the own records.
type foreignRecords struct {
	wake chan struct{}

	mu       sync.Mutex
	next     int64 // all records before it are known; -1: not known yet
	inFlight int   // own records that are not acknowledged
	gaps     []offsetRange
}

// offsetRange is the half-open range [from, end) of offsets.
type offsetRange struct{ from, end int64 }

func newForeignRecords() *foreignRecords {
	return &foreignRecords{wake: make(chan struct{}, 1), next: -1}
}

// start notes the end of the recovery.
func (f *foreignRecords) start(next int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = next
}

// sent notes that the owner writes a record.
func (f *foreignRecords) sent() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight++
}

// acknowledged notes the offset of an own record, or the error that lost it.
func (f *foreignRecords) acknowledged(offset int64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.inFlight--
	if err == nil {
		f.reach(offset)
		f.next = max(f.next, offset+1)
	}
}

// ends notes the end of the topic's partition. While own records are in flight, it
// cannot be told whose the last ones are.
func (f *foreignRecords) ends(end int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.inFlight == 0 {
		f.reach(end)
		f.next = max(f.next, end)
	}
}

// reach notes that the records from next to end are another's.
func (f *foreignRecords) reach(end int64) {
	if f.next < 0 || end <= f.next {
		return
	}
	f.gaps = append(f.gaps, offsetRange{f.next, end})
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *foreignRecords) takeGaps() []offsetRange {
	f.mu.Lock()
	defer f.mu.Unlock()
	gaps := f.gaps
	f.gaps = nil
	return gaps
}

// watchTableEnds looks for records behind the last own one, which no later
// acknowledgement may ever reveal.
func (s *session[R]) watchTableEnds(ctx context.Context) {
	ticker := time.NewTicker(foreignPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		asking, cancel := context.WithTimeout(ctx, foreignPoll)
		ends, err := s.adm.ListEndOffsets(asking, s.p.table.Topic)
		cancel()
		if err != nil {
			continue
		}
		s.mu.Lock()
		ends.Each(func(o kadm.ListedOffset) {
			if p, ok := s.partitions[o.Partition]; ok && o.Err == nil {
				p.foreign.ends(o.Offset)
			}
		})
		s.mu.Unlock()
	}
}

// healStaleRows rewrites the rows that a stale owner overwrites, until ctx is done.
func (p *partition[R]) healStaleRows(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.foreign.wake:
		}
		for _, gap := range p.foreign.takeGaps() {
			for {
				err := kafka.ReadRange(ctx, p.s.client, p.s.p.table.Topic, p.number, gap.from, gap.end, func(r *kgo.Record) error {
					p.heal(r)
					return nil
				})
				if err == nil || ctx.Err() != nil {
					break
				}
				p.s.p.logger.Debug("read records of others in the table", "partition", p.number, "err", err)
				select {
				case <-ctx.Done():
				case <-time.After(foreignRetry):
				}
			}
		}
	}
}

// heal writes the owner's row again if r, another's record, is older: compaction keeps
// the last record of a key.
func (p *partition[R]) heal(r *kgo.Record) {
	key := string(r.Key)
	if kafka.PartitionOf(key, p.s.commandPartitions) != p.number {
		return
	}
	p.writing.Lock() // a command that is handled at the same time must not be overtaken
	defer p.writing.Unlock()
	record, err := p.supersede(key, r)
	if record == nil || err != nil {
		return
	}
	p.s.p.logger.Warn("a stale owner's row is overwritten", "topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "key", key)
	p.s.p.metrics.healed.Inc()
	p.foreign.sent()
	p.s.producer.SendRecordPatiently(record, func(err error) { p.foreign.acknowledged(record.Offset, err) })
}

// errNotNewer means that a record must not be replaced.
var errNotNewer = errors.New("the record is not older than the owner's row")

// supersede returns the record to write behind r, or an error if r is not older than
// what the owner has. A record that is no row is left to the next recovery, which
// quarantines its key.
func (p *partition[R]) supersede(key string, r *kgo.Record) (*kgo.Record, error) {
	if _, ok := p.quarantined.get(key); ok {
		return nil, errNotNewer
	}
	have, err := p.store.Get(key)
	if err != nil {
		return nil, err
	}
	replacement := &kgo.Record{Topic: r.Topic, Key: r.Key, Value: have}
	if r.Value == nil {
		deleted, err := strconv.ParseInt(string(kafka.Header(r, tables.HeaderOffset)), 10, 64)
		if err != nil { // an operator's
			return nil, errNotNewer
		}
		if head, err := tables.PeekHead(have); have == nil || err != nil || head.Offset <= deleted {
			return nil, errNotNewer
		}
		return replacement, nil
	}
	if err := p.s.p.table.Verify(key, r.Value); err != nil {
		return nil, err
	}
	head, err := tables.PeekHead(r.Value)
	if err != nil {
		return nil, err
	}
	if have != nil {
		if own, err := tables.PeekHead(have); err != nil || own.Version <= head.Version {
			return nil, errNotNewer
		}
		return replacement, nil
	}
	// The owner has deleted the row. All commands up to the last one that it handled
	// were decided.
	if head.Offset > p.handled {
		return nil, errNotNewer
	}
	replacement.Headers = []kgo.RecordHeader{{Key: tables.HeaderOffset, Value: fmt.Append(nil, p.handled)}}
	return replacement, nil
}
