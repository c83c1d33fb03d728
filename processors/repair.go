package processors

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

// A RepairRow takes two steps, so that its partition does not wait while the log is
// read. The operator's command starts to read the key's events in the background.
// When they are read, this processor sends a second RepairRow, and the row is made
// when that one is handled: by the partition's own goroutine, at an offset of its
// own. No command changes the key in between, because it is quarantined.

// Rebuilder is a Core that can make the row of a key again from its events.
type Rebuilder[R tables.Row] interface {
	// Rebuild returns the row that follows from all events of a key, oldest first. The
	// row's offset is that of cmd, and its version is at least the highest that the
	// key's row has had.
	Rebuild(cmd schemas.Command, events []schemas.Event, at schemas.Time, offset int64) (R, error)
}

// repairs are the readings of a partition, by key.
type repairs struct {
	mu    sync.Mutex
	byKey map[string]*reading
}

// reading is what has been read of the events of a quarantined key.
type reading struct {
	requested schemas.Command // the operator's
	done      bool
	events    []schemas.Event
	err       error
}

// start returns false if the key's events are being read already, or were read.
func (r *repairs) start(cmd schemas.Command) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.byKey[cmd.Key]; known {
		return false
	}
	if r.byKey == nil {
		r.byKey = make(map[string]*reading)
	}
	r.byKey[cmd.Key] = &reading{requested: cmd}
	return true
}

func (r *repairs) finish(key string, events []schemas.Event, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.byKey[key]; known != nil {
		known.done, known.events, known.err = true, events, err
	}
}

// take removes and returns the key's reading if it is complete.
func (r *repairs) take(key string) (reading, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.byKey[key]
	if known == nil || !known.done {
		return reading{}, false
	}
	delete(r.byKey, key)
	return *known, true
}

// repair handles a RepairRow. It does nothing for a key that is not quarantined.
func (s *session[R]) repair(ctx goka.Context, part *partition[R], cmd schemas.Command, at schemas.Time) {
	core, ok := s.p.core.(Rebuilder[R])
	if _, quarantined := part.quarantined.get(cmd.Key); !quarantined || !ok {
		var d decision[R]
		if ctx.Offset() >= part.replayEnd {
			d.messages = repairRefused(cmd, at, schemas.CodeNotQuarantined, "The row of this key is not quarantined.")
		}
		s.finishRepair(ctx, part, cmd, d)
		return
	}
	read, done := part.repairs.take(cmd.Key)
	if !done {
		part.readForRepair(cmd)
		s.finishRepair(ctx, part, cmd, decision[R]{})
		return
	}
	row, raw, err := s.rebuild(core, cmd, read, at, s.origin(ctx).Offset)
	if err != nil {
		s.p.logger.Error("quarantined row not repaired", "key", cmd.Key, "err", err)
		s.finishRepair(ctx, part, cmd, decision[R]{
			messages: repairRefused(read.requested, at, schemas.CodeQuarantined, err.Error()),
		})
		return
	}
	part.quarantined.lift(cmd.Key)
	d := decision[R]{changed: true, row: row, raw: raw, outcome: accepted}
	s.writeRow(ctx, part, d)
	s.p.logger.Info("quarantined row repaired", "key", cmd.Key, "topic", s.p.table.Topic, "partition", part.number,
		"events", len(read.events), "version", row.Head().Version)
	s.finishRepair(ctx, part, cmd, d)
}

func (s *session[R]) finishRepair(ctx goka.Context, part *partition[R], cmd schemas.Command, d decision[R]) {
	if d.outcome == "" {
		d.outcome = outcomeOfReply(d.messages)
	}
	s.emit(ctx, part, d.messages, nil)
	s.p.metrics.command(cmd.Type, d.outcome)
}

// repairRefused returns the reply to an operator's command. The second step of a
// repair gets none.
func repairRefused(cmd schemas.Command, at schemas.Time, code schemas.Code, detail string) []message {
	if cmd.Actor == schemas.ActorSystem || cmd.Actor == "" {
		return nil
	}
	return encodeMessages([]schemas.Message{schemas.Reply{
		Type: schemas.CommandRejected, CommandID: cmd.ID, CommandType: cmd.Type, Key: cmd.Key, Region: cmd.Region,
		Actor: cmd.Actor, OccurredAt: at, Code: code, Detail: detail,
	}})
}

// rebuild makes the row, with the place of the command that repairs it, and checks that
// it can be read and has a timer. A panic
// becomes an error, because the events are foreign data.
func (s *session[R]) rebuild(core Rebuilder[R], cmd schemas.Command, read reading, at schemas.Time, place int64) (row R, raw []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("rebuild row %q: panic: %v", cmd.Key, r)
		}
	}()
	if read.err != nil {
		return row, nil, read.err
	}
	if row, err = core.Rebuild(cmd, read.events, at, place); err != nil {
		return row, nil, fmt.Errorf("rebuild row %q from %d events: %w", cmd.Key, len(read.events), err)
	}
	raw = s.p.table.Encode(cmd.Key, row)
	if _, err = s.p.decodeRow(cmd.Key, raw); err != nil {
		return row, nil, err
	}
	_, _, _, _, err = s.p.nextTimer(cmd.Key, row)
	return row, raw, err
}

// readForRepair reads the key's events in the background, unless they are being read,
// and sends the second RepairRow.
func (p *partition[R]) readForRepair(cmd schemas.Command) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || !p.repairs.start(cmd) {
		return
	}
	ctx := p.background
	p.running.Go(func() {
		events, err := p.eventsOf(ctx, cmd.Key)
		if ctx.Err() != nil {
			return // the next owner finds the key quarantined; the operator repeats the command
		}
		p.repairs.finish(cmd.Key, events, err)
		p.s.producer.SendPatiently(schemas.Command{ //nolint:contextcheck // sent by the session's producer, whatever becomes of the partition
			ID: schemas.DerivedID(cmd.ID, "repair", int64(len(events))), Type: cmd.Type, Key: cmd.Key, Region: cmd.Region, Actor: schemas.ActorSystem,
		}, nil)
	})
}

// idSkew is how much later than its first event's broker time an id may have been
// made, by the clock of the machine that made it.
const idSkew = 10 * time.Minute

// eventsOf reads the events of a key from the partition of the events topic that
// belongs to this partition: from the time of the key's id if it has one, else, or if
// the first event lies further back, from the beginning.
func (p *partition[R]) eventsOf(ctx context.Context, key string) ([]schemas.Event, error) {
	beginning := time.UnixMilli(0)
	if made, ok := schemas.TimeOfID(key); ok && made.After(beginning.Add(idSkew)) {
		events, err := p.eventsSince(ctx, key, made.Add(-idSkew))
		if err == nil && len(events) > 0 {
			return events, nil
		}
	}
	return p.eventsSince(ctx, key, beginning)
}

// eventsSince returns the events of a key in order of seq, without repeats. Returns an
// error if one is missing: a row without it would take back what players were told.
func (p *partition[R]) eventsSince(ctx context.Context, key string, from time.Time) (events []schemas.Event, err error) {
	topic := p.s.p.table.Events
	err = kafka.ReadPartition(ctx, p.s.client, topic, p.number, from, func(r *kgo.Record) error {
		if string(r.Key) != key {
			return nil
		}
		ev, err := schemas.DecodeEvent(r.Value)
		next := int64(len(events)) + 1
		switch {
		case err != nil || ev.Key != key: // not one of our events
		case ev.Seq == next:
			events = append(events, ev)
		case ev.Seq > next:
			return fmt.Errorf("event %d is missing before offset %d of %s/%d", next, r.Offset, topic, p.number)
		}
		return nil //nolint:nilerr // a record that is not an event of the key is passed over
	})
	if err != nil {
		return nil, fmt.Errorf("read the events of %q: %w", key, err)
	}
	return events, nil
}
