package eventstream

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

func FuzzCursor(f *testing.F) {
	f.Add("1", "", true)
	f.Add("", "7", false)
	f.Add("99999999999999999999", "+1", true)
	f.Fuzz(func(t *testing.T, from, last string, both bool) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		q := r.URL.Query()
		q.Set("from_seq", from)
		r.URL.RawQuery = q.Encode()
		if both {
			r.Header["Last-Event-Id"] = []string{last}
		}
		seq, err := Cursor(r, 5)
		if err == nil && (seq < 1 || seq > maxSeq) {
			t.Fatalf("from_seq=%q Last-Event-ID=%q: %d", from, last, seq)
		}
		// If Last-Event-ID is set, from_seq is ignored: a browser that reconnects repeats
		// the from_seq of its first request.
		text, offset := from, int64(0)
		if both {
			text, offset = last, 1
		}
		number, parseErr := strconv.ParseInt(text, 10, 64)
		switch {
		case err == nil && (parseErr != nil || seq != number+offset):
			t.Fatalf("from_seq=%q Last-Event-ID=%q, %t: %d", from, last, both, seq)
		case err != nil && parseErr == nil && number >= 1 && number < maxSeq && text[0] != '+':
			t.Fatalf("from_seq=%q Last-Event-ID=%q, %t: %v", from, last, both, err)
		}
	})
}
