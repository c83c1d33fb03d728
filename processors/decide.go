package processors

import (
	"errors"
	"fmt"
	"slices"

	"tabiya/schemas"
	"tabiya/tables"
)

// verdict is what a command comes to.
type verdict[R tables.Row] struct {
	changed bool
	next    R
	raw     []byte // next encoded; nil deletes the row
	out     []outgoing
	outcome string
}

// outgoing is an encoded message; eventID is empty if it is no event.
type outgoing struct {
	schemas.Record
	eventID string
	reply   *schemas.Reply // nil if it is none
}

// Outcomes of a command, for the metrics.
const (
	accepted = "accepted" // the row changed
	refused  = "refused"
	repeated = "repeated" // a repeat of a command that was accepted
	ignored  = "ignored"  // nothing to do: a timer that came early or late
	replayed = "replayed" // judged before a crash
)

// judge decides a new command, or says again what an old one caused. gone is
// the offset of the command that deleted the row, -1 if none did. A panic of
// the Core is an error like any other: one command must not stop all.
func (p *Processor[R]) judge(key string, row R, raw []byte, cmd schemas.Command, at schemas.Time, offset, gone int64) (v verdict[R], err error) {
	defer func() {
		if r := recover(); r != nil {
			v, err = verdict[R]{}, fmt.Errorf("judge %s: panic: %v", cmd.Type, r)
		}
	}()
	var had schemas.Head
	judged := gone
	if raw != nil {
		had = row.Head()
		judged = had.Offset
	}
	if offset <= judged {
		v.outcome = replayed
		v.out, _ = encode(p.core.Replay(row, cmd, at, offset))
		return v, nil
	}
	var out []schemas.Message
	v.next, v.changed, out = p.core.Decide(row, cmd, at, offset)
	v.out, v.outcome = encode(out)
	if !v.changed {
		return v, nil
	}
	v.outcome = accepted
	if isNone(v.next) {
		v.changed = raw != nil // nothing there to delete
		return v, nil
	}
	if head := v.next.Head(); head.Offset != offset || head.Version <= had.Version {
		return v, fmt.Errorf("judge %s: the row of %q went from version %d to %d, offset %d", cmd.Type, key, had.Version, head.Version, head.Offset)
	}
	v.raw = p.table.Encode(v.next)
	return v, nil
}

func isNone[R tables.Row](row R) bool {
	var none R
	return any(row) == any(none)
}

func (p *Processor[R]) decode(key string, raw []byte) (row R, err error) {
	if raw == nil {
		return row, nil
	}
	// Clipped, as a row may alias raw: an append to it must not write there.
	if row, err = p.table.Decode(key, slices.Clip(raw)); err != nil {
		return row, errors.Join(ErrCorruptRow, err)
	}
	return row, nil
}

// encode encodes messages; what they are also tells how an unchanged row came
// to stay as it is.
func encode(msgs []schemas.Message) (out []outgoing, outcome string) {
	outcome = ignored
	out = make([]outgoing, len(msgs))
	for i, m := range msgs {
		out[i].Record = m.Record()
		switch m := m.(type) {
		case schemas.Event:
			out[i].eventID = m.ID
		case *schemas.Event:
			out[i].eventID = m.ID
		case schemas.Reply:
			outcome, out[i].reply = outcomeOf(m.Type), &m
		case *schemas.Reply:
			outcome, out[i].reply = outcomeOf(m.Type), m
		}
	}
	return out, outcome
}

func outcomeOf(t schemas.ReplyType) string {
	if t == schemas.CommandRepeated {
		return repeated
	}
	return refused
}
