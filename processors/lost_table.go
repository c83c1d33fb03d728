package processors

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

// checkTable returns an ErrMismatch if the table's partition has no record although it
// had rows: events are in the log whose commands will not be handled again. A crash
// after the very first event leaves an empty table too, but then the replay of its
// command makes the row.
func (p *partition[R]) checkTable(ctx context.Context) error {
	if p.tableRecords > 0 {
		return nil
	}
	table := p.s.p.table
	next, err := p.nextCommand(ctx)
	if err != nil {
		return fmt.Errorf("look for events beside an empty table: %w", err)
	}
	if next == 0 {
		return nil
	}
	first, err := p.decidedEvent(ctx, next)
	if err != nil {
		return fmt.Errorf("look for events beside an empty table: %w", err)
	}
	if first == nil {
		return nil
	}
	return fmt.Errorf("%w: %s/%d is empty, but %s/%d has events since %s: its rows are lost; run `tabiya rebuild tables %s`",
		topology.ErrMismatch, table.Topic, p.number, table.Events, p.number, first.Timestamp.UTC().Format(time.RFC3339), p.s.topology.Of(table.Topic).Aggregate)
}

// decidedEvent returns the first event of the partition that a command before next led
// to, nil if there is none. An event without a place is an old one or another's: one
// counts only if a second key has one too.
func (p *partition[R]) decidedEvent(ctx context.Context, next int64) (first *kgo.Record, err error) {
	var unplaced *kgo.Record
	found := errors.New("found")
	err = kafka.ReadPartition(ctx, p.s.client, p.s.p.table.Events, p.number, time.UnixMilli(0), func(r *kgo.Record) error {
		ev, err := schemas.DecodeEvent(r.Value)
		if err != nil || ev.Key != string(r.Key) || kafka.PartitionOf(ev.Key, p.s.commandPartitions) != p.number {
			return nil //nolint:nilerr // it is not one of our events
		}
		place, err := strconv.ParseInt(string(kafka.Header(r, schemas.HeaderPlace)), 10, 64)
		switch {
		case err == nil && place < next:
			first = r
			return found
		case err == nil: // its command will be handled again
		case unplaced == nil:
			unplaced = r
		case string(unplaced.Key) != string(r.Key):
			first = unplaced
			return found
		}
		return nil
	})
	if errors.Is(err, found) {
		err = nil
	}
	return first, err
}

// nextCommand returns the place of the first command that will be handled: that of the
// committed offset or, without one, of the beginning of the log.
func (p *partition[R]) nextCommand(ctx context.Context) (int64, error) {
	commands := p.s.p.table.Commands
	committed, err := p.s.adm.FetchOffsets(ctx, p.s.p.table.Group)
	if err != nil {
		return 0, err
	}
	if o, ok := committed.Lookup(commands, p.number); ok && o.Err == nil && o.At >= 0 {
		return p.s.commands.Place(p.number, o.At), nil
	}
	start, err := kafka.StartOffset(ctx, p.s.client, commands, p.number)
	return p.s.commands.Place(p.number, start), err
}
