package eventstream

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

func FuzzCursors(f *testing.F) {
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
		// Last-Event-ID alone counts, valid or not: a browser that reconnects sends it
		// beside the from_seq that it began with.
		asked, given := from, int64(0)
		if both {
			asked, given = last, 1
		}
		number, wrong := strconv.ParseInt(asked, 10, 64)
		switch {
		case err == nil && (wrong != nil || seq != number+given):
			t.Fatalf("from_seq=%q Last-Event-ID=%q, %t: %d", from, last, both, seq)
		case err != nil && wrong == nil && number >= 1 && number < maxSeq && asked[0] != '+':
			t.Fatalf("from_seq=%q Last-Event-ID=%q, %t: %v", from, last, both, err)
		}
	})
}
