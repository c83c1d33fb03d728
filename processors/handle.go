package processors

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/lovoo/goka"

	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

var errNoValue = errors.New("the record has no value")

// handle is Goka's callback: one command, from its record to its effects.
func (s *session[R]) handle(ctx goka.Context, msg any) {
	if err := s.pulse.check(); err != nil {
		fail(ctx, err)
		return
	}
	at := schemas.TimeOf(ctx.Timestamp())
	s.clock.observe(at)
	in, ok := msg.(input)
	if !ok {
		in.err = errNoValue
	}
	if in.err == nil && in.cmd.Key != ctx.Key() {
		in.err = fmt.Errorf("the record's key is not the aggregate %q of its envelope", in.cmd.Key)
	}
	if in.err != nil {
		s.deadLetter(ctx, in.raw, in.err)
		return
	}
	if want := kafka.PartitionOf(ctx.Key(), s.count); want != ctx.Partition() {
		s.giveUp(ctx, fmt.Errorf("%w: key %q is on partition %d of %s, not on %d",
			ErrWrongPartition, ctx.Key(), ctx.Partition(), ctx.Topic(), want))
		return
	}
	part := s.partition(ctx.Partition())
	if err := part.resume(ctx.Context(), ctx.Offset(), ctx.Timestamp()); err != nil {
		fail(ctx, err)
		return
	}

	raw, _ := ctx.Value().([]byte)
	row, err := s.p.decode(ctx.Key(), raw)
	if err != nil {
		s.giveUp(ctx, err)
		return
	}
	started := time.Now()
	v, err := s.p.judge(ctx.Key(), row, raw, in.cmd, at, ctx.Offset(), part.judgedAway(ctx.Key()))
	s.p.metrics.decide.Observe(time.Since(started).Seconds())
	if err != nil {
		s.deadLetter(ctx, in.raw, err)
		return
	}
	if v.outcome == accepted && s.p.clients {
		// A client that was refused has its answer: it is not accepted later
		// under the same id.
		if reply, ok := part.refused.again(in.cmd, at); ok {
			v = verdict[R]{}
			v.out, v.outcome = encode([]schemas.Message{reply})
		}
	}
	if v.changed {
		s.store(ctx, part, v)
		raw = v.raw
	}
	for _, m := range v.out {
		if m.reply != nil {
			part.refused.add(*m.reply)
		}
		if part.fence.passes(m) {
			headers := goka.Headers{schemas.HeaderType: []byte(m.Type), schemas.HeaderRegion: []byte(m.Region)}
			if m.eventID != "" && schemas.EventType(m.Type).Closing() {
				headers[schemas.HeaderRow] = raw
			}
			ctx.Emit(goka.Stream(m.Topic), m.Key, m.Value, goka.WithCtxEmitHeaders(headers))
		}
	}
	s.p.metrics.command(in.cmd.Type, v.outcome)
}

// store writes the changed row, or its tombstone, and sets the row's timer.
func (s *session[R]) store(ctx goka.Context, part *partition[R], v verdict[R]) {
	if v.raw == nil {
		ctx.Delete(goka.WithCtxEmitHeaders(goka.Headers{
			tables.HeaderOffset: strconv.AppendInt(nil, ctx.Offset(), 10),
		}))
		part.wheel.remove(ctx.Key())
		return
	}
	ctx.SetValue(v.raw)
	part.arm(ctx.Key(), v.next)
}

// giveUp stops the processor for good.
func (s *session[R]) giveUp(ctx goka.Context, err error) {
	s.fatal.Store(&err)
	fail(ctx, err)
}

// fail ends the session. Goka's Fail alone does nothing once the session ends
// anyway, and the command would then be committed as if it were handled.
func fail(ctx goka.Context, err error) {
	ctx.DeferCommit()(err)
	ctx.Fail(err)
}

// deadLetter puts the record aside as it is, so that the next one is handled.
func (s *session[R]) deadLetter(ctx goka.Context, raw []byte, reason error) {
	source := fmt.Sprintf("%s/%d/%d", ctx.Topic(), ctx.Partition(), ctx.Offset())
	s.p.logger.Warn("record goes to the dead letters", "topic", string(ctx.Topic()),
		"partition", ctx.Partition(), "offset", ctx.Offset(), "err", reason)
	s.p.metrics.dead.Inc()
	headers := maps.Clone(ctx.Headers())
	headers[schemas.HeaderReason] = []byte(reason.Error())
	headers[schemas.HeaderSource] = []byte(source)
	var value any // nil stays nil
	if raw != nil {
		value = raw
	}
	ctx.Emit(goka.Stream(schemas.DeadLetter(string(ctx.Topic()))), ctx.Key(), value, goka.WithCtxEmitHeaders(headers))
}
