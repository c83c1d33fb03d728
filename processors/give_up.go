package processors

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/lovoo/goka"

	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
	"tabiya/tables"
)

// A partition with a row of a later format is given up: this release would judge
// its key without the row. None of its commands is handled or committed, so a later
// release continues where the last owner stopped. Goka cannot hand back one partition of
// several, so the member stays its owner, and is not ready, until it is replaced. Its
// other partitions go on.

// laterRows are the keys of a partition whose newest row is of a later format, found
// by the recovery.
type laterRows map[string]laterRow

type laterRow struct {
	head   schemas.Head
	reason error
}

// applyLater applies a row that Verify refused with ErrLaterFormat; have is the newest
// good one. No release of ours writes a format before topology has it, so a row of a
// higher one is corrupt. An older row than have is a stale owner's.
func (p *partition[R]) applyLater(key string, have, value []byte, ctx goka.UpdateContext, reason error) error {
	head, _ := tables.PeekHead(value) // which returns the head of such a row too
	if known, err := tables.PeekHead(have); err == nil && head.Version < known.Version {
		p.staleKeys[key] = true
		return nil
	}
	format := tables.FormatOf(value)
	inForce, err := p.formatInForce(format)
	if err != nil {
		return err
	}
	if format > inForce {
		p.setAside(key, ctx, fmt.Errorf("the row has format %d, but format %d is written", format, inForce))
		return nil
	}
	p.later.add(key, value, fmt.Errorf("offset %d of %s/%d: %w", ctx.Offset(), ctx.Topic(), ctx.Partition(), reason))
	return nil
}

// maxFormatReads limits how often a recovery reads topology because of foreign rows.
const maxFormatReads = 16

// formatInForce returns the format that topology names. It reads topology again if a
// row has a later one than the last that was read.
func (p *partition[R]) formatInForce(format int) (int, error) {
	if p.inForce == 0 {
		p.inForce = p.s.topology.Of(p.s.p.table.Topic).Format
	}
	if format <= p.inForce || p.formatReads >= maxFormatReads {
		return p.inForce, nil
	}
	p.formatReads++
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	now, err := topology.Read(ctx, p.s.client)
	if err != nil {
		return 0, err
	}
	p.inForce = now.Of(p.s.p.table.Topic).Format
	return p.inForce, nil
}

// add notes a row that Verify refused with ErrLaterFormat.
func (l laterRows) add(key string, raw []byte, reason error) {
	head, _ := tables.PeekHead(raw) // which returns the head of such a row too
	if head.Version >= l[key].head.Version {
		l[key] = laterRow{head, reason}
	}
}

// supersededBy reports whether a row of a format that this release reads is newer than
// the key's row of a later format, and forgets that one then.
func (l laterRows) supersededBy(key string, head schemas.Head) bool {
	if later, ok := l[key]; ok && head.Version <= later.head.Version {
		return false
	}
	delete(l, key)
	return true
}

// giveUp is called once the table is read. It reports whether the partition is given
// up.
func (p *partition[R]) giveUp() bool {
	for key, row := range p.later { // one of them is enough
		p.givenUp.Store(&row.reason)
		p.s.p.quarantineMetrics.givenUp.Inc()
		if p.s.p.firstGivenUp(p.number) {
			p.s.p.logger.Error("partition given up: run a later release in place of this one", "topic", p.s.p.table.Topic,
				"partition", p.number, "key", key, "rows", len(p.later), "err", row.reason)
		}
		return true
	}
	return false
}

// firstGivenUp reports whether the partition was not given up before by this process,
// so that each rebalance does not log it again.
func (p *Processor[R]) firstGivenUp(number int32) bool {
	_, logged := p.givenUpBefore.LoadOrStore(number, true)
	return !logged
}

// isGivenUp reports whether the commands of a partition must not be read.
func (s *session[R]) isGivenUp(number int32) bool {
	part := s.partition(number)
	return part != nil && part.givenUp.Load() != nil
}

// checkGivenUp returns an error if a partition is given up.
func (s *session[R]) checkGivenUp() error {
	s.mu.Lock()
	partitions := maps.Clone(s.partitions)
	s.mu.Unlock()
	for number, part := range partitions {
		if reason := part.givenUp.Load(); reason != nil {
			return fmt.Errorf("partition %d is given up: %w", number, *reason)
		}
	}
	return nil
}
