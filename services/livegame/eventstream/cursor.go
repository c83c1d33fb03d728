package eventstream

import (
	"net/http"
	"strconv"
)

// maxSeq bounds a cursor. No game has that many events.
const maxSeq = 1 << 31

// CursorError is returned for an invalid cursor. Its text is for the client.
type CursorError string

func (e CursorError) Error() string { return string(e) }

// Cursor returns the seq of the first event that the client wants: Last-Event-ID + 1
// if set, else from_seq of the query, else fallback. A browser sends Last-Event-ID
// when it reconnects. Cursor returns a CursorError if the first of them that is set
// is invalid.
func Cursor(r *http.Request, fallback int64) (int64, error) {
	if last := r.Header.Values("Last-Event-ID"); len(last) > 0 {
		seq, ok := parseSeq(last[0])
		if !ok || len(last) > 1 {
			return 0, CursorError("Last-Event-ID: the seq of the last event that was read")
		}
		return seq + 1, nil
	}
	if from, there := r.URL.Query()["from_seq"]; there {
		seq, ok := parseSeq(from[0])
		if !ok || len(from) > 1 || seq == 0 {
			return 0, CursorError("from_seq: the seq of the first event that is wanted, from 1")
		}
		return seq, nil
	}
	return fallback, nil
}

func parseSeq(s string) (int64, bool) {
	seq, err := strconv.ParseUint(s, 10, 63)
	return int64(seq), err == nil && seq < maxSeq && s[0] != '+'
}
