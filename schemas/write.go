package schemas

import "strconv"

// writer encodes the two messages that make up almost all traffic, exactly as
// encoding/json does. It sets ok to false at a string that encoding/json would
// escape.
type writer struct {
	b  []byte
	ok bool
}

// lit writes an exact text.
func (w *writer) lit(text string) { w.b = append(w.b, text...) }

func (w *writer) str(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			w.ok = false
			return
		}
	}
	w.b = append(w.b, s...)
}

func (w *writer) int(v int64) { w.b = strconv.AppendInt(w.b, v, 10) }

// time writes a Time with its quotes.
func (w *writer) time(t Time) {
	at := t.Std()
	year, month, day := at.Date()
	hour, minute, second := at.Clock()
	if year < 1000 || year > 9999 {
		w.ok = false
		return
	}
	two := func(v int, next byte) { w.b = append(w.b, '0'+byte(v/10), '0'+byte(v%10), next) }
	ms := at.Nanosecond() / 1e6
	w.b = append(w.b, '"')
	w.int(int64(year))
	w.b = append(w.b, '-')
	two(int(month), '-')
	two(day, 'T')
	two(hour, ':')
	two(minute, ':')
	two(second, '.')
	w.b = append(w.b, '0'+byte(ms/100))
	two(ms%100, 'Z')
	w.b = append(w.b, '"')
}

// writeMove encodes a MoveMade. ok is false if encoding/json must do it instead.
func writeMove(e Event, m *MoveMadePayload) (value []byte, ok bool) {
	w := &writer{b: make([]byte, 0, 640), ok: true}
	w.lit(`{"eventId":"`)
	w.str(e.ID)
	w.lit(`","eventType":"MoveMade","schemaVersion":`)
	w.int(Version)
	w.lit(`,"gameId":"`)
	w.str(e.Key)
	w.lit(`","seq":`)
	w.int(e.Seq)
	w.lit(`,"occurredAt":`)
	w.time(e.OccurredAt)
	w.lit(`,"region":"`)
	w.str(e.Region)
	w.lit(`","commandId":"`)
	w.str(e.CommandID)
	w.lit(`","payload":{"ply":`)
	w.int(int64(m.Ply))
	w.lit(`,"color":"`)
	w.str(string(m.Color))
	w.lit(`","uci":"`)
	w.str(m.UCI)
	w.lit(`","san":"`)
	w.str(m.SAN)
	w.lit(`","fen":"`)
	w.str(m.FEN)
	w.lit(`","clock":{"whiteCs":`)
	w.int(m.Clock.WhiteCs)
	w.lit(`,"blackCs":`)
	w.int(m.Clock.BlackCs)
	w.lit(`,"elapsedCs":`)
	w.int(m.Clock.ElapsedCs)
	w.lit(`,"chargedCs":`)
	w.int(m.Clock.ChargedCs)
	if m.Clock.CompensatedCs != 0 {
		w.lit(`,"compensatedCs":`)
		w.int(m.Clock.CompensatedCs)
	}
	if m.Clock.RestoredCs != 0 {
		w.lit(`,"restoredCs":`)
		w.int(m.Clock.RestoredCs)
	}
	w.lit(`}`)
	if m.DeadlineAt != 0 {
		w.lit(`,"deadlineAt":`)
		w.time(m.DeadlineAt)
	}
	w.lit(`}}`)
	return w.b, w.ok && e.Key != ""
}

// writePlayMove encodes a PlayMove. ok is false if encoding/json must do it instead.
func writePlayMove(c Command, m *PlayMovePayload) (value []byte, ok bool) {
	w := &writer{b: make([]byte, 0, 320), ok: true}
	w.lit(`{"commandId":"`)
	w.str(c.ID)
	w.lit(`","commandType":"PlayMove","schemaVersion":`)
	w.int(Version)
	w.lit(`,"gameId":"`)
	w.str(c.Key)
	w.lit(`","region":"`)
	w.str(c.Region)
	w.lit(`","actor":"`)
	w.str(c.Actor)
	w.lit(`","payload":{"uci":"`)
	w.str(m.UCI)
	w.lit(`"`)
	if m.Ply != 0 {
		w.lit(`,"ply":`)
		w.int(int64(m.Ply))
	}
	if m.LagCs != 0 {
		w.lit(`,"lagCs":`)
		w.int(m.LagCs)
	}
	w.lit(`}}`)
	return w.b, w.ok && c.Key != ""
}
