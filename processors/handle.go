package processors

import (
	"errors"
	"fmt"
	"time"

	"github.com/lovoo/goka"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// handle is Goka's callback for one record of the commands topic. It checks the
// record, decides its command, writes the row and emits the messages.
func (s *session[R]) handle(ctx goka.Context, msg any) {
	if err := s.stall.check(); err != nil {
		failSession(ctx, err)
		return
	}
	at := schemas.TimeOf(ctx.Timestamp())
	s.clock.observe(at)

	in, err := s.checkInput(ctx, msg)
	if err != nil {
		s.deadLetter(ctx, in.raw, err)
		return
	}
	if err := s.checkPartition(ctx); err != nil {
		s.p.metrics.misdirected.Inc()
		s.deadLetter(ctx, in.raw, err)
		return
	}
	if s.commands.IsCopy(ctx.Partition(), ctx.Offset()) {
		s.p.metrics.command(in.cmd.Type, copied)
		return
	}
	part := s.partition(ctx.Partition())
	if part.pulses != nil && (in.cmd.Type == schemas.Pulse || part.isPulseKey(ctx.Key())) && !part.isPulse(in.cmd) {
		s.deadLetter(ctx, in.raw, errNotPulse)
		return
	}
	part.writing.Lock()
	defer part.writing.Unlock()
	s.handleCommand(ctx, part, in, at)
}

// handleCommand handles a command of the partition; part.writing is locked.
func (s *session[R]) handleCommand(ctx goka.Context, part *partition[R], in input, at schemas.Time) {
	if err := part.prepareReplay(ctx.Context(), ctx.Offset(), ctx.Timestamp()); err != nil {
		failSession(ctx, err)
		return
	}
	part.handled = s.origin(ctx).Offset
	if part.isPulse(in.cmd) {
		s.handlePulse(ctx, part, in.cmd, at)
		return
	}
	if in.cmd.Type == s.p.repairType {
		s.repair(ctx, part, in.cmd, at)
		return
	}
	if _, ok := part.quarantined.get(ctx.Key()); ok {
		s.refuseQuarantined(ctx, part, in.cmd, at)
		return
	}
	raw, _ := ctx.Value().([]byte)
	row, err := s.p.decodeRow(ctx.Key(), raw)
	if err != nil {
		s.quarantineKey(ctx, part, err)
		s.refuseQuarantined(ctx, part, in.cmd, at)
		return
	}

	circumstances := s.circumstances(part, s.origin(ctx), at)
	started := time.Now()
	d, err := s.p.decide(request[R]{
		cmd: in.cmd, in: circumstances, row: row, raw: raw, deletedBy: part.deletedBy(ctx.Key()),
	})
	s.p.metrics.decide.Observe(time.Since(started).Seconds())
	if err != nil {
		s.deadLetter(ctx, in.raw, err)
		return
	}
	if d.outcome == accepted && s.p.remembersRefusals {
		// The client was told that this command id is refused. The row may have
		// changed since, but the answer to that id does not.
		if reply, ok := part.refusals.repeat(in.cmd, at); ok {
			d = refusal[R](reply)
		}
	}

	if d.changed {
		s.writeRow(ctx, part, d)
		raw = d.raw
	}
	s.emit(ctx, part, circumstances.Format, d.messages, raw)
	s.p.metrics.command(in.cmd.Type, d.outcome)
}

var (
	errNoValue  = errors.New("the record has no value")
	errNotPulse = errors.New("the key of a partition's pulses is for its pulses alone, and they have no other")
)

// maxCommandBytes limits a command. The largest that a service sends has some hundred
// bytes; a row or a reply that carried much more might be too large to be written.
const maxCommandBytes = 64 << 10

// checkInput returns the decoded command. The error says why the record is not a
// command.
func (s *session[R]) checkInput(ctx goka.Context, msg any) (input, error) {
	in, ok := msg.(input)
	switch {
	case !ok:
		return in, errNoValue
	case in.err != nil:
		return in, in.err
	case len(in.raw) > maxCommandBytes:
		return in, fmt.Errorf("a command of %d bytes is larger than %d", len(in.raw), maxCommandBytes)
	case in.cmd.Key != ctx.Key():
		return in, fmt.Errorf("the record's key differs from the aggregate id %q in its envelope", in.cmd.Key)
	case schemas.CommandTopic(in.cmd.Type) != s.p.table.Commands:
		return in, fmt.Errorf("%s is a command of %s", in.cmd.Type, schemas.CommandTopic(in.cmd.Type))
	}
	return in, nil
}

// origin returns the command's partition and, in Offset, its place.
func (s *session[R]) origin(ctx goka.Context) schemas.Origin {
	return schemas.Origin{
		Partitions: s.commandPartitions, Partition: ctx.Partition(), Offset: s.commands.Place(ctx.Partition(), ctx.Offset()),
	}
}

// checkPartition returns an error if the key's hash gives another partition than the
// record's, as a producer with another hash leads to. To decide the command here
// would make a second row of its aggregate.
func (s *session[R]) checkPartition(ctx goka.Context) error {
	want := kafka.PartitionOf(ctx.Key(), s.commandPartitions)
	if want == ctx.Partition() {
		return nil
	}
	return fmt.Errorf("the record is on partition %d, but its key belongs on partition %d", ctx.Partition(), want)
}
