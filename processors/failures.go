package processors

import (
	"maps"

	"github.com/lovoo/goka"

	"tabiya/internal/kafka"
)

// deadLetter copies a record that cannot be handled to the dead-letter topic, so
// that the next one is handled.
func (s *session[R]) deadLetter(ctx goka.Context, raw []byte, reason error) {
	s.p.logger.Warn("record sent to the dead-letter topic", "topic", string(ctx.Topic()),
		"partition", ctx.Partition(), "offset", ctx.Offset(), "err", reason)
	s.p.metrics.deadLetters.Inc()
	letter := kafka.DeadLetter(string(ctx.Topic()), ctx.Partition(), ctx.Offset(), []byte(ctx.Key()), raw, reason)
	headers := keptHeaders(ctx.Headers())
	for _, h := range letter.Headers {
		headers[h.Key] = h.Value
	}
	var value any // stays nil for a record without a value
	if raw != nil {
		value = raw[:len(letter.Value)] // an empty value stays empty
	}
	ctx.Emit(goka.Stream(letter.Topic), string(letter.Key), value, goka.WithCtxEmitHeaders(headers))
}

// maxHeaders limits the headers of a record that its dead letter carries, in bytes.
// With more of them the dead letter might be too large to be sent, and its record would
// stop the partition.
const maxHeaders = 16 << 10

// keptHeaders returns a copy of headers, or none if they are too large.
func keptHeaders(headers goka.Headers) goka.Headers {
	size := 0
	for name, value := range headers {
		size += len(name) + len(value)
	}
	if size > maxHeaders || headers == nil {
		return make(goka.Headers)
	}
	return maps.Clone(headers)
}

// failSession ends the session. The command is not committed and is replayed by
// the next session. Goka's Fail does nothing if the session is ending already, and
// the command would be committed as if it were handled: DeferCommit prevents that.
func failSession(ctx goka.Context, err error) {
	ctx.DeferCommit()(err)
	ctx.Fail(err)
}
