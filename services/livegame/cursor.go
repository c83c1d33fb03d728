package livegame

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"tabiya/internal/httpx"
	"tabiya/schemas"
)

// maxSeq bounds a cursor: no game has so many events.
const maxSeq = 1 << 31

// cursor is where a reader wants to begin: with the event after Last-Event-ID,
// which a browser sends when it comes back to the same URL, else at from_seq,
// else at otherwise. Where it is no good it has answered and ok is false.
func cursor(c *gin.Context, otherwise int64) (from int64, ok bool) {
	from, err := parseCursor(c.Request, otherwise)
	if err != nil {
		httpx.Fail(c, schemas.CodeInvalidCursor, err.Error())
		return 0, false
	}
	return from, true
}

type cursorError string

func (e cursorError) Error() string { return string(e) }

func parseCursor(r *http.Request, otherwise int64) (int64, error) {
	if last := r.Header.Values("Last-Event-ID"); len(last) > 0 {
		seq, ok := parseSeq(last[0])
		if !ok || len(last) > 1 {
			return 0, cursorError("Last-Event-ID: the seq of the last event that was read")
		}
		return seq + 1, nil
	}
	if from, there := r.URL.Query()["from_seq"]; there {
		seq, ok := parseSeq(from[0])
		if !ok || len(from) > 1 || seq == 0 {
			return 0, cursorError("from_seq: the seq of the first event that is wanted, from 1")
		}
		return seq, nil
	}
	return otherwise, nil
}

func parseSeq(s string) (int64, bool) {
	seq, err := strconv.ParseUint(s, 10, 63)
	return int64(seq), err == nil && seq < maxSeq && s[0] != '+'
}
