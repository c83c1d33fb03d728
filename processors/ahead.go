package processors

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
	"tabiya/tables"
)

// aheadOfLogError is why a key is quarantined whose newest record names a decided command
// that is beyond the end of the log: new commands up to there would be taken for
// decided ones. One such key is a forged record, or the one decision that a broker
// lost. A log that lost its end shows in several keys or in the committed offset.
type aheadOfLogError struct{ decided, end int64 }

func (a aheadOfLogError) Error() string {
	return fmt.Sprintf("the command at %s was decided, but the log ends at %s", schemas.FormatPlace(a.decided), schemas.FormatPlace(a.end))
}

// maxAhead limits the keys for which the end of the commands is asked for again: a log
// that lost its end may have very many.
const maxAhead = 16

// checkAhead returns an aheadOfLogError if a good row, or a tombstone with the header, names
// a command beyond the end of the log.
func (p *partition[R]) checkAhead(value, header []byte) (reason, err error) {
	decided := decidedAt(value, header)
	if decided < p.end {
		return nil, nil
	}
	if p.ahead <= maxAhead { // the end may have moved
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		end, err := kafka.EndOffset(ctx, p.s.client, p.s.p.table.Commands, p.number)
		if err != nil {
			return nil, fmt.Errorf("look up the end of the commands: %w", err)
		}
		p.end = p.s.commands.Place(p.number, end)
	}
	if decided < p.end {
		return nil, nil
	}
	p.ahead++
	return aheadOfLogError{decided, p.end}, nil
}

// decidedAt returns the place of the command that a record of the table follows from,
// -1 if it names none.
func decidedAt(value, header []byte) int64 {
	if value != nil {
		head, err := tables.PeekHead(value)
		if err != nil {
			return -1
		}
		return head.Offset
	}
	place, err := strconv.ParseInt(string(header), 10, 64)
	if err != nil {
		return -1
	}
	return place
}

// checkDecided returns an ErrMismatch if the log lost its end: several keys are ahead
// of it, or one of them and the committed offset.
func (p *partition[R]) checkDecided(ctx context.Context) error {
	keys, last := 0, aheadOfLogError{decided: -1}
	for _, row := range p.quarantined.all() {
		if a, ok := errors.AsType[aheadOfLogError](row.reason); ok {
			keys++
			if a.decided > last.decided {
				last = a
			}
		}
	}
	if keys == 0 {
		return nil
	}
	if err := p.s.topology.Check(ctx, p.s.client, p.s.topics()...); err != nil {
		return err // it names the topic that changed
	}
	if keys == 1 {
		next, err := p.nextCommand(ctx)
		if err != nil {
			return fmt.Errorf("look up the committed command: %w", err)
		}
		if next <= last.end {
			return nil
		}
	}
	return fmt.Errorf("%w: %s/%d ends at offset %s, but the command at %s was decided already: records are lost; run `tabiya topics adopt --copy %[2]s`",
		topology.ErrMismatch, p.s.p.table.Commands, p.number, schemas.FormatPlace(last.end), schemas.FormatPlace(last.decided))
}
