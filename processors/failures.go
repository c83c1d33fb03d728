package processors

import (
	"fmt"
	"maps"

	"github.com/lovoo/goka"

	"tabiya/schemas"
)

// deadLetter copies a record that cannot be handled to the dead-letter topic, so
// that the next one is handled.
func (s *session[R]) deadLetter(ctx goka.Context, raw []byte, reason error) {
	source := fmt.Sprintf("%s/%d/%d", ctx.Topic(), ctx.Partition(), ctx.Offset())
	s.p.logger.Warn("record sent to the dead-letter topic", "topic", string(ctx.Topic()),
		"partition", ctx.Partition(), "offset", ctx.Offset(), "err", reason)
	s.p.metrics.deadLetters.Inc()
	headers := maps.Clone(ctx.Headers())
	headers[schemas.HeaderReason] = []byte(reason.Error())
	headers[schemas.HeaderSource] = []byte(source)
	var value any // stays nil for a record without a value
	if raw != nil {
		value = raw
	}
	ctx.Emit(goka.Stream(schemas.DeadLetter(string(ctx.Topic()))), ctx.Key(), value, goka.WithCtxEmitHeaders(headers))
}

// failSession ends the session. The command is not committed and is replayed by
// the next session. Goka's Fail does nothing if the session is ending already, and
// the command would be committed as if it were handled: DeferCommit prevents that.
func failSession(ctx goka.Context, err error) {
	ctx.DeferCommit()(err)
	ctx.Fail(err)
}
