package history

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tabiya/internal/postgres/postgrestest"
	"tabiya/schemas"
)

func TestBadQueriesRefusedWithStableCode(t *testing.T) {
	t.Parallel()
	pool := postgrestest.New(t).Pool
	rig := newRig(t, pool)
	playerID := schemas.NewID()
	save(t, pool, randomGames(rand.New(rand.NewPCG(3, 3)), playerID, 5))
	path := "/v1/history/players/" + playerID + "/games"
	var page pageView
	rig.read(path+"?limit=2", &page)
	cursor := page.Next
	if rig.read(path+"?limit=2&cursor="+cursor, &page); len(page.Games) != 2 {
		t.Fatalf("%+v", page)
	}
	flipped := []byte(cursor)
	flipped[10] ^= 1
	for query, want := range map[string]schemas.Code{
		"?limit=0":                             schemas.CodeInvalidField,
		"?limit=201":                           schemas.CodeInvalidField,
		"?limit=":                              schemas.CodeInvalidField,
		"?limit=1e2":                           schemas.CodeInvalidField,
		"?limit=99999999999999999999":          schemas.CodeInvalidField,
		"?limit=1&limit=2":                     schemas.CodeInvalidField,
		"?colour=white":                        schemas.CodeUnknownField,
		"?color=red":                           schemas.CodeInvalidField,
		"?speed=hyper":                         schemas.CodeInvalidField,
		"?speed=":                              schemas.CodeInvalidField,
		"?result=none":                         schemas.CodeInvalidField,
		"?opponent=nobody":                     schemas.CodePlayerNotFound,
		"?since=yesterday":                     schemas.CodeInvalidField,
		"?since=2026-02-30":                    schemas.CodeInvalidField,
		"?until=2026-01-01T00:00:00":           schemas.CodeInvalidField,
		"?since=%ff":                           schemas.CodeInvalidField,
		"?%zz":                                 schemas.CodeInvalidField,
		"?cursor=":                             schemas.CodeInvalidCursor,
		"?cursor=abc":                          schemas.CodeInvalidCursor,
		"?cursor=" + cursor[:38]:               schemas.CodeInvalidCursor,
		"?cursor=" + cursor + "A":              schemas.CodeInvalidCursor,
		"?cursor=" + string(flipped):           schemas.CodeInvalidCursor,
		"?cursor=" + strings.Repeat("A", 5000): schemas.CodeInvalidCursor,
		"?color=white&cursor=" + cursor:        schemas.CodeInvalidCursor,
		"?since=2026-01-01&cursor=" + cursor:   schemas.CodeInvalidCursor,
	} {
		for _, accept := range []string{"", mediaNDJSON, mediaPGN} {
			rig.wantRefused(want, path+query, accept)
		}
	}
	rig.wantRefused(schemas.CodeInvalidCursor, "/v1/history/players/"+schemas.NewID()+"/games?cursor="+cursor, "")
	rig.wantRefused(schemas.CodePlayerNotFound, "/v1/history/players/nobody/games", "")
	rig.wantRefused(schemas.CodePlayerNotFound, "/v1/history/players/"+strings.Repeat("a", 5000)+"/games", "")
	rig.wantRefused(schemas.CodePlayerNotFound, "/v1/history/players/%ff/games", "")
	rig.wantRefused(schemas.CodePlayerNotFound, "/v1/history/players/a%00b/games", "")
	rig.wantRefused(schemas.CodeNotAcceptable, path, "application/xml")

	for range rig.exports.max {
		if e, _ := rig.exports.Begin(holder{}, func() {}); e == nil {
			t.Fatal("no place for an export")
		}
	}
	rig.wantRefused(schemas.CodeTooManyConnections, path, mediaNDJSON)
	rig.read(path, &page) // the limit is for streams only
}

func FuzzCursor(f *testing.F) {
	scope := filter{Player: schemas.NewID(), Speed: schemas.Blitz}
	f.Add(pageEnd{time.UnixMicro(1_770_000_000_000_000), schemas.NewID()}.cursor(scope))
	f.Add("")
	f.Add(strings.Repeat("A", 39))
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseCursor(text, scope)
		if err != nil {
			return
		}
		if again := p.cursor(scope); again != text {
			t.Fatalf("%q reads as %+v, which is %q", text, p, again)
		}
	})
}

func FuzzQuery(f *testing.F) {
	f.Add("limit=5&since=2026-01-01&until=2026-02-01T00:00:00%2B01:00&speed=blitz&result=win&color=white")
	f.Add("cursor=&cursor=;&%zz")
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := parseQuery(schemas.NewID(), raw, func(name string) (string, error) { return name, nil })
		if err == nil && (q.Limit < 0 || q.Limit > maxLimit) {
			t.Fatalf("%q: %+v", raw, q)
		}
	})
}
