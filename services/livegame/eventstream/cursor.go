package eventstream

import (
	"net/http"
	"strconv"
)

// maxSeq bounds a cursor: no game has so many events.
const maxSeq = 1 << 31

// CursorError says what is wrong with a cursor; its text is for the client.
type CursorError string

func (e CursorError) Error() string { return string(e) }

// Cursor is the seq of the first event that a reader wants: the one after
// Last-Event-ID, which a browser sends when it reconnects, else from_seq of the
// query, else otherwise. It returns a CursorError if the one that counts is invalid.
func Cursor(r *http.Request, otherwise int64) (int64, error) {
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
	return otherwise, nil
}

func parseSeq(s string) (int64, bool) {
	seq, err := strconv.ParseUint(s, 10, 63)
	return int64(seq), err == nil && seq < maxSeq && s[0] != '+'
}
