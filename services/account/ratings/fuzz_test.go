package ratings

import (
	"strings"
	"testing"

	"tabiya/schemas"
)

func FuzzLeaders(f *testing.F) {
	end := leadersEnd{1812.5, schemas.NewID(), 50}
	f.Add("limit=5&cursor=" + end.cursor(schemas.Blitz))
	f.Add("cursor=" + strings.Repeat("A", 44))
	f.Add("limit=&cursor=;&%zz")
	f.Fuzz(func(t *testing.T, raw string) {
		q, refused := parseLeaders(schemas.Blitz, raw)
		if refused != nil {
			return
		}
		if q.Limit < 1 || q.Limit > maxLeaders {
			t.Fatalf("%q: %+v", raw, q)
		}
		if again, ok := parseLeadersEnd(q.After.cursor(schemas.Blitz), schemas.Blitz); !ok || again != q.After {
			t.Fatalf("%q reads as %+v, which reads as %+v", raw, q.After, again)
		}
	})
}

func FuzzSpan(f *testing.F) {
	f.Add("since=2026-01-01&until=2026-02-01")
	f.Add("until=0000-01-01")
	f.Fuzz(func(t *testing.T, raw string) {
		within, refused := parseSpan(raw)
		if refused == nil && (within.Since.Year() < 1 || within.Until.Year() > 9999) {
			t.Fatalf("%q: %+v", raw, within)
		}
	})
}
