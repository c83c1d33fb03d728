package processors

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/lovoo/goka"

	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

// A repair takes two steps, so that its partition does not wait while the log is read.
// The operator's command (RepairRow, RepairPlayer or RepairQueue) starts to read in the
// background what the row follows from. Then this processor sends the command a second
// time, and the row is made when that one is handled: by the partition's own goroutine,
// at an offset of its own. No command changes the key in between, because it is
// quarantined.

// Rebuilder is a Core that can make the row of a key again.
type Rebuilder[R tables.Row] interface {
	// Survey reads, in the background, what a row follows from beside its events.
	Survey(ctx context.Context, cfg kafka.Config, key string) (any, error)
	// Apply returns the row after the next event of its key; the zero R is a key
	// without events. It may change row.
	Apply(row R, ev schemas.Event) (R, error)
	// Rebuild returns the row that follows from all events, applied to row, and from
	// what Survey returned, with the messages to send. The row's offset is that of cmd,
	// and its version is at least the highest that the key's row has had
	// (schemas.RebuiltVersion). late are the processors' own commands that were refused
	// since Survey began.
	Rebuild(cmd schemas.Command, row R, survey any, late []schemas.LateCommand, in Circumstances) (R, []schemas.Message, error)
}

// maxLate limits the commands that are remembered while a row is being read.
const maxLate = 1000

var errTooManyLate = errors.New("too many commands came while its events were read: repeat the repair")

// repairs are the readings of a partition, by key.
type repairs[R tables.Row] struct {
	mu    sync.Mutex
	byKey map[string]*reading[R]
}

// reading is what the row of a quarantined key follows from, once it is read.
type reading[R tables.Row] struct {
	requested schemas.Command // the operator's
	done      bool
	events    int64 // applied to row
	row       R
	survey    any
	late      []schemas.LateCommand
	err       error
}

// start returns false if the key's events are being read already, or were read.
func (r *repairs[R]) start(cmd schemas.Command) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.byKey[cmd.Key]; known {
		return false
	}
	if r.byKey == nil {
		r.byKey = make(map[string]*reading[R])
	}
	r.byKey[cmd.Key] = &reading[R]{requested: cmd}
	return true
}

func (r *repairs[R]) finish(key string, read reading[R]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.byKey[key]; known != nil {
		read.requested, read.late, read.done = known.requested, known.late, true
		r.byKey[key] = &read
	}
}

// refused remembers a processor's command that was refused while its key's row is being
// read: it may have come too late for Survey.
func (r *repairs[R]) refused(cmd schemas.Command, at schemas.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.byKey[cmd.Key]; known != nil && cmd.Actor == schemas.ActorSystem && len(known.late) <= maxLate {
		known.late = append(known.late, schemas.LateCommand{Command: cmd, At: at})
	}
}

// take removes and returns the key's reading if it is complete.
func (r *repairs[R]) take(key string) (reading[R], bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.byKey[key]
	if known == nil || !known.done {
		return reading[R]{}, false
	}
	delete(r.byKey, key)
	return *known, true
}

// repair handles the command that repairs a row. It does nothing for a key that is not quarantined.
func (s *session[R]) repair(ctx goka.Context, part *partition[R], cmd schemas.Command, at schemas.Time) {
	core, ok := s.p.core.(Rebuilder[R])
	if _, quarantined := part.quarantined.get(cmd.Key); !quarantined || !ok {
		s.finishRepair(ctx, part, cmd, s.notQuarantined(ctx, part, cmd, at))
		return
	}
	read, done := part.repairs.take(cmd.Key)
	if !done {
		part.readForRepair(cmd)
		s.finishRepair(ctx, part, cmd, decision[R]{})
		return
	}
	row, raw, messages, err := s.rebuild(core, cmd, read, s.circumstances(part, s.origin(ctx), at))
	if err != nil {
		s.p.logger.Error("quarantined row not repaired", "key", cmd.Key, "err", err)
		s.finishRepair(ctx, part, cmd, decision[R]{
			messages: repairRefused(read.requested, at, schemas.CodeQuarantined, err.Error()),
		})
		return
	}
	part.quarantined.lift(cmd.Key)
	d := decision[R]{changed: true, row: row, raw: raw, messages: messages, outcome: accepted}
	s.writeRow(ctx, part, d)
	s.p.logger.Info("quarantined row repaired", "key", cmd.Key, "topic", s.p.table.Topic, "partition", part.number,
		"events", read.events, "version", row.Head().Version)
	s.finishRepair(ctx, part, cmd, d)
}

// notQuarantined is what a repair of a row leads to that can be read. If this command
// made that row before a crash, its messages are sent again.
func (s *session[R]) notQuarantined(ctx goka.Context, part *partition[R], cmd schemas.Command, at schemas.Time) (d decision[R]) {
	if ctx.Offset() >= part.replayEnd {
		d.messages = repairRefused(cmd, at, schemas.CodeNotQuarantined, "The row of this key is not quarantined.")
		return d
	}
	raw, _ := ctx.Value().([]byte)
	row, err := s.p.decodeRow(ctx.Key(), raw)
	if origin := s.origin(ctx); err == nil && raw != nil && row.Head().Offset >= origin.Offset && cmd.Actor == schemas.ActorSystem {
		d.messages, d.outcome = encodeMessages(s.p.core.Replay(row, cmd, s.circumstances(part, origin, at))), replayed
	}
	return d
}

func (s *session[R]) finishRepair(ctx goka.Context, part *partition[R], cmd schemas.Command, d decision[R]) {
	if d.outcome == "" {
		d.outcome = outcomeOfReply(d.messages)
	}
	s.emit(ctx, part, int(s.format.Load()), d.messages, nil)
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
func (s *session[R]) rebuild(core Rebuilder[R], cmd schemas.Command, read reading[R], in Circumstances) (row R, raw []byte, messages []message, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("rebuild row %q: panic: %v", cmd.Key, r)
		}
	}()
	if len(read.late) > maxLate && read.err == nil {
		read.err = errTooManyLate
	}
	if read.err != nil {
		return row, nil, nil, read.err
	}
	row, out, err := core.Rebuild(cmd, read.row, read.survey, read.late, in)
	if err != nil {
		return row, nil, nil, fmt.Errorf("rebuild row %q from %d events: %w", cmd.Key, read.events, err)
	}
	raw = s.p.table.EncodeAs(in.Format, cmd.Key, row)
	if _, err = s.p.decodeRow(cmd.Key, raw); err != nil {
		return row, nil, nil, err
	}
	_, _, _, _, err = s.p.nextTimer(cmd.Key, row)
	return row, raw, encodeMessages(out), err
}

// readForRepair reads the key's events in the background, unless they are being read,
// and sends the second command.
func (p *partition[R]) readForRepair(cmd schemas.Command) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.readForRepairLocked(cmd)
}

// readForRepairLocked is readForRepair with p.mu held.
func (p *partition[R]) readForRepairLocked(cmd schemas.Command) {
	if p.closed || !p.repairs.start(cmd) {
		return
	}
	ctx := p.background
	p.running.Go(func() {
		read := p.readPatiently(ctx, cmd)
		if ctx.Err() != nil {
			return // the next owner finds the key quarantined; the operator repeats the command
		}
		p.repairs.finish(cmd.Key, read)
		p.s.producer.SendPatiently(schemas.Command{
			ID: schemas.DerivedID(cmd.ID, "repair", read.events), Type: cmd.Type, Key: cmd.Key, Region: cmd.Region, Actor: schemas.ActorSystem,
		}, nil)
	})
}

// errDeletedByHand is the reason why the row of a deleted key is made again.
var errDeletedByHand = errors.New("the row was deleted by hand and is made again")
