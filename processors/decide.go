package processors

import (
	"fmt"
	"slices"

	"tabiya/schemas"
	"tabiya/tables"
)

// request is one command with everything that its decision depends on.
type request[R tables.Row] struct {
	cmd schemas.Command
	in  Circumstances

	row       R      // the zero R if there is none
	raw       []byte // row as it is stored; nil if there is none
	deletedBy int64  // place of the command that deleted the row, -1 if none did
}

// decision is what a command leads to.
type decision[R tables.Row] struct {
	changed  bool
	row      R      // the new row, if changed
	raw      []byte // row encoded, if changed; nil deletes the row
	messages []message
	outcome  string
}

// Outcomes of a command. They are values of a metric's label.
const (
	accepted = "accepted" // the row changed
	refused  = "refused"
	repeated = "repeated" // accepted before; a client sent it again
	ignored  = "ignored"  // nothing to do: a timer that came early or late
	replayed = "replayed" // decided before; read again after a restart
	copied   = "copied"   // decided before its topic was replaced by a copy
)

// decide decides a new command, or returns the messages of a replayed one. An
// error means that the command cannot be handled; a panic of the Core becomes
// such an error, as one command must not stop all others.
func (p *Processor[R]) decide(req request[R]) (d decision[R], err error) {
	defer func() {
		if r := recover(); r != nil {
			d, err = decision[R]{}, fmt.Errorf("decide %s: panic: %v", req.cmd.Type, r)
		}
	}()
	if req.isReplay() {
		d.messages = encodeMessages(p.core.Replay(req.row, req.cmd, req.in))
		d.outcome = replayed
		return d, nil
	}
	before := req.head() // read first, as Decide may change the row in place
	var out []schemas.Message
	d.row, d.changed, out = p.core.Decide(req.row, req.cmd, req.in)
	d.messages = encodeMessages(out)
	if !d.changed {
		d.outcome = outcomeOfReply(d.messages)
		return d, nil
	}
	d.outcome = accepted
	if isNil(d.row) {
		d.changed = req.raw != nil // without a row there is nothing to delete
		return d, nil
	}
	if head := d.row.Head(); head.Offset != req.in.Origin.Offset || head.Version <= before.Version {
		return d, fmt.Errorf("decide %s at offset %d: the row of %q went from version %d to version %d, offset %d",
			req.cmd.Type, req.in.Origin.Offset, req.cmd.Key, before.Version, head.Version, head.Offset)
	}
	d.raw = p.table.EncodeAs(req.in.Format, req.cmd.Key, d.row)
	return d, nil
}

// isReplay reports whether the command was decided before: a command at or after
// it in the partition has changed or deleted the row.
func (req request[R]) isReplay() bool {
	return req.in.Origin.Offset <= req.head().Offset
}

// head returns the head of the row. Without a row, its offset is that of the command
// that deleted the row.
func (req request[R]) head() schemas.Head {
	if req.raw == nil {
		return schemas.Head{Offset: req.deletedBy}
	}
	return req.row.Head()
}

// refusal is the decision that answers a command with a refusal.
func refusal[R tables.Row](reply schemas.Reply) decision[R] {
	messages := encodeMessages([]schemas.Message{reply})
	return decision[R]{messages: messages, outcome: outcomeOfReply(messages)}
}

// outcomeOfReply returns the outcome of a command that did not change the row.
func outcomeOfReply(messages []message) string {
	outcome := ignored
	for _, m := range messages {
		switch {
		case m.reply == nil:
		case m.reply.Type == schemas.CommandRepeated:
			outcome = repeated
		default:
			outcome = refused
		}
	}
	return outcome
}

// decodeRow decodes a stored row. raw is nil if there is none.
func (p *Processor[R]) decodeRow(key string, raw []byte) (row R, err error) {
	if raw == nil {
		return row, nil
	}
	// The row may alias raw. Clip keeps an append to such a slice from writing
	// into raw.
	return p.table.Decode(key, slices.Clip(raw))
}

func isNil[R tables.Row](row R) bool {
	var none R
	return any(row) == any(none)
}
