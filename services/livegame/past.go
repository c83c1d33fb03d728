package livegame

import "tabiya/internal/core/game"

// pastBytes is how much of a game's past is encoded before it is written.
const pastBytes = 32 << 10

// past writes the events that the state holds, from from on, and sends the head
// of the answer even if there are none.
func (w *streamWriter) past(state *game.State, from int64) error {
	for _, ev := range state.Events(from) {
		w.add(ev.Seq, ev.Record().Value)
		if len(w.buf) > pastBytes {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return w.flush()
}
