package processors

import (
	"strconv"

	"github.com/lovoo/goka"

	"tabiya/schemas"
	"tabiya/tables"
)

// message is an encoded message of a decision.
type message struct {
	schemas.Record
	eventID string         // empty if it is not an event
	reply   *schemas.Reply // nil if it is not a reply
}

func encodeMessages(msgs []schemas.Message) []message {
	out := make([]message, len(msgs))
	for i, m := range msgs {
		out[i].Record = m.Record()
		switch m := m.(type) {
		case schemas.Event:
			out[i].eventID = m.ID
		case *schemas.Event:
			out[i].eventID = m.ID
		case schemas.Reply:
			out[i].reply = &m
		case *schemas.Reply:
			out[i].reply = m
		}
	}
	return out
}

// writeRow writes the changed row, or its tombstone, to the table and sets the
// row's timer. It does not wait for the broker.
func (s *session[R]) writeRow(ctx goka.Context, part *partition[R], d decision[R]) {
	if d.raw == nil {
		ctx.Delete(goka.WithCtxEmitHeaders(goka.Headers{
			tables.HeaderOffset: strconv.AppendInt(nil, s.origin(ctx).Offset, 10),
		}))
		part.timers.remove(ctx.Key())
		return
	}
	ctx.SetValue(d.raw)
	if err := part.setTimer(ctx.Key(), d.row); err != nil {
		s.quarantineKey(ctx, part, err)
	}
}

// emit sends the messages of a decision, except for events that are in the log
// already. format is that of its events, and raw is the row after the command. It does not wait for the broker: row
// and messages reach their topics in any order, and the command is committed once
// all of them are acknowledged.
func (s *session[R]) emit(ctx goka.Context, part *partition[R], format int, messages []message, raw []byte) {
	for _, m := range messages {
		if m.reply != nil {
			part.refusals.add(*m.reply)
		}
		if part.replay.written(m.eventID) {
			continue
		}
		headers := goka.Headers{schemas.HeaderType: []byte(m.Type), schemas.HeaderRegion: []byte(m.Region)}
		if m.eventID != "" {
			headers[schemas.HeaderPlace] = strconv.AppendInt(nil, s.origin(ctx).Offset, 10)
			if header := schemas.FormatHeader(format); header != nil {
				headers[schemas.HeaderFormat] = header
			}
			if schemas.EventType(m.Type).CarriesRow() {
				headers[schemas.HeaderRow] = raw
			}
		}
		ctx.Emit(goka.Stream(m.Topic), m.Key, m.Value, goka.WithCtxEmitHeaders(headers))
	}
}
