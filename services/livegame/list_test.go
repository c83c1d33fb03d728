package livegame_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"tabiya/schemas"
)

// listed returns the game ids of GET /v1/games for a client without a token.
func (i *instance) listed(query string) (ids []string) { return i.listedTo("", query) }

func (i *instance) listedTo(token, query string) (ids []string) {
	i.t.Helper()
	a := i.do("GET", "/v1/games?"+query, token, "")
	var got struct{ Games []reply }
	if err := json.Unmarshal(a.body, &got); err != nil || a.status != 200 {
		i.t.Fatalf("%s: %d %s", query, a.status, a.body)
	}
	for _, g := range got.Games {
		ids = append(ids, g.ID)
	}
	return ids
}

func TestGamesAreListedByIDAndByPlayer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var ids []string
	for range 3 {
		ids = append(ids, r.newGame())
	}
	unknown := schemas.NewID()
	query := []string{ids[2], unknown, ids[0]}
	if got := r.listed("ids=" + strings.Join(query, ",")); !slices.Equal(got, []string{ids[2], ids[0]}) {
		t.Errorf("by id: %v", got)
	}
	of := func(i *instance, who person) []string { return i.listed("player=" + who.id) }
	latest := []string{ids[2], ids[1], ids[0]}
	for _, who := range []person{r.white, r.black} {
		if got := of(r.instance, who); !slices.Equal(got, latest) {
			t.Errorf("a player's: %v, want %v", got, latest)
		}
	}
	if got := r.listed("player=bLACK"); !slices.Equal(got, latest) {
		t.Errorf("by handle: %v, want %v", got, latest)
	}
	r.play(ids[1], 0, scholar...)
	// An instance that starts later finds the same games in the rows.
	for name, i := range map[string]*instance{"this instance": r.instance, "a new one": r.startOther()} {
		if got := of(i, r.black); !slices.Equal(got, []string{ids[2], ids[0]}) {
			t.Errorf("%s, after one has ended: %v", name, got)
		}
		if got := i.listed("ids=" + ids[1]); !slices.Equal(got, ids[1:2]) {
			t.Errorf("%s, a game that has ended: %v", name, got)
		}
	}
	for _, id := range []string{ids[0], ids[2]} {
		r.ok("POST", "/v1/games/"+id+"/abort", r.white.token, "")
	}
	if got := of(r.instance, r.white); len(got) > 0 {
		t.Errorf("after the last: %v", got)
	}
}

func TestInvalidListQueriesAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := schemas.NewID()
	many := make([]string, 101)
	for n := range many {
		many[n] = schemas.NewID()
	}
	if got := r.listed("ids=" + strings.Join(many[:100], ",")); len(got) > 0 {
		t.Errorf("%v", got)
	}
	for query, code := range map[string]schemas.Code{
		"":                               schemas.CodeInvalidField,
		"ids=":                           schemas.CodeInvalidField,
		"ids=42":                         schemas.CodeInvalidField,
		"ids=" + id + ",":                schemas.CodeInvalidField,
		"ids=" + id + "," + id:           schemas.CodeInvalidField,
		"ids=" + strings.ToUpper(id):     schemas.CodeInvalidField,
		"ids=" + strings.Join(many, ","): schemas.CodeInvalidField,
		"ids=" + id + "&ids=" + id:       schemas.CodeInvalidField,
		"ids=" + id + "&player=" + id:    schemas.CodeInvalidField,
		"ids=%zz":                        schemas.CodeInvalidField,
		"player=ada":                     schemas.CodePlayerNotFound,
		"players=" + id:                  schemas.CodeUnknownField,
	} {
		a := r.do("GET", "/v1/games?"+query, "", "")
		if got := a.read(t).Code; got != code || a.status/100 != 4 {
			t.Errorf("%.60s: %d %s, want %s", query, a.status, got, code)
		}
	}
}
