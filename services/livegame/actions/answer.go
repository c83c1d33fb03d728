package actions

import (
	"strconv"

	"tabiya/services/livegame/pending"
)

// answer encodes the body that answers an accepted command. It depends only on the
// command's events, so that a repeated request gets the same bytes.
func answer(gameID string, o pending.Outcome) []byte {
	b := make([]byte, 0, 160+len(o.Envelope))
	b = append(b, `{"id":"`...)
	b = append(b, gameID...)
	b = append(b, `","seq":`...)
	b = strconv.AppendInt(b, o.Seq, 10)
	b = append(b, `,"ply":`...)
	b = strconv.AppendInt(b, int64(o.Standing.Plies), 10)
	b = append(b, `,"result":"`...)
	b = append(b, o.Standing.Result...)
	if o.Standing.Termination != "" {
		b = append(b, `","termination":"`...)
		b = append(b, o.Standing.Termination...)
	}
	if o.Standing.Rematch != "" {
		b = append(b, `","rematch":"`...)
		b = append(b, o.Standing.Rematch...)
	}
	b = append(b, `","event":`...)
	b = append(b, o.Envelope...)
	return append(b, '}')
}
