package test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tabiya/internal/auth"
)

// callers are the columns of the tables: who sends the request. "the player" plays White
// and is to move.
var callers = []string{"no token", "an expired token", "a service", "a stranger", "the opponent", "the player"}

// statuses are the HTTP statuses for the callers, in their order. 409 means that the
// caller may do it, but not now. A list without the row's game counts as 404.
type statuses [6]int

var (
	anybody = statuses{200, 401, 200, 200, 200, 200} // a token is optional, but must be valid
	always  = statuses{200, 200, 200, 200, 200, 200} // the token is ignored
	created = statuses{201, 401, 201, 201, 201, 201}
	opened  = statuses{101, 401, 101, 101, 101, 101}
	people  = statuses{401, 401, 403, 200, 200, 200}
	gone    = statuses{401, 401, 403, 204, 204, 204}
	service = statuses{401, 401, 201, 403, 403, 403}
	both    = statuses{401, 401, 403, 403, 200, 200} // both players of the game
	player  = statuses{401, 401, 403, 403, 409, 200}
	nobody  = statuses{401, 401, 401, 401, 401, 401} // wrong credentials
)

// ofPrivate returns the statuses for a private game, which does not exist for those who
// have no part in it.
func (s statuses) ofPrivate() statuses {
	for column, caller := range callers {
		if (caller == "no token" || caller == "a stranger") && s[column] != 401 {
			s[column] = 404
		}
	}
	return s
}

// grant is a row of the tables: a request and who may send it.
type grant struct {
	operation string // method and path, as in the document
	body      string
	statuses  statuses
	before    func(w *row) // prepares what the request needs; may be nil
}

var grants = []grant{
	{"GET /healthz", "", always, nil},
	{"GET /readyz", "", always, nil},
	{"GET /openapi.json", "", always, nil},

	{"POST /v1/accounts", `{"handle":"{new}","password":"correct horse battery"}`, created, nil},
	{"POST /v1/sessions", `{"handle":"{white handle}","password":"correct horse battery"}`, created, nil},
	{"POST /v1/accounts/password", `{"handle":"{white handle}","code":"wrong","password":"correct horse battery"}`, nobody, nil},
	{"GET /v1/accounts/me", "", people, nil},
	{"PATCH /v1/accounts/me", `{"country":"NO"}`, people, nil},
	{"DELETE /v1/accounts/me", `{"currentPassword":"correct horse battery"}`, gone, nil},
	{"DELETE /v1/sessions/current", "", gone, nil},
	{"DELETE /v1/sessions", "", gone, nil},
	{"GET /v1/players/{player}", "", anybody, nil},
	{"GET /v1/players/{player}/ratings/{speed}", "", anybody, nil},
	{"GET /v1/leaderboards/{speed}", "", anybody, nil},

	{"GET /v1/queues", "", anybody, nil},
	{"POST /v1/queues/{queue}/join", "{}", people, nil},
	{"POST /v1/queues/{queue}/leave", "{}", gone, (*row).join},
	{"GET /v1/me/events", "", people, nil},

	{"POST /v1/games", `{"white":"{white}","black":"{black}","timeControl":{"initialCs":60000,"incrementCs":0}}`, service, (*row).newGame},
	{"GET /v1/tv", "", anybody, nil},
	{"GET /v1/tv/{speed}/events", "", anybody, nil},
}

// aboutGames are the rows about an existing game. Each is tested with a public and a
// private game.
var aboutGames = []grant{
	{"GET /v1/games", "", anybody, nil},
	{"GET /v1/games/{gameId}", "", anybody, nil},
	{"GET /v1/games/{gameId}/events", "", anybody, nil},
	{"GET /v1/games/{gameId}/socket", "", opened, nil},
	{"GET /v1/history/games/{game}", "", anybody, (*row).finish},
	{"GET /v1/history/players/{player}/games", "", anybody, (*row).finish},

	{"POST /v1/games/{gameId}/moves", `{"uci":"e2e4"}`, player, nil},
	{"POST /v1/games/{gameId}/resign", "", both, nil},
	{"POST /v1/games/{gameId}/abort", "", both, nil},
	{"POST /v1/games/{gameId}/draw", `{"action":"offer"}`, both, nil},
	{"POST /v1/games/{gameId}/draw", `{"action":"accept"}`, player, offered("draw")},
	{"POST /v1/games/{gameId}/draw", `{"action":"decline"}`, player, offered("draw")},
	{"POST /v1/games/{gameId}/draw", `{"action":"claim"}`, player, (*row).repeat},
	{"POST /v1/games/{gameId}/takeback", `{"action":"offer"}`, both, (*row).open},
	{"POST /v1/games/{gameId}/takeback", `{"action":"accept"}`, player, offered("takeback", (*row).open)},
	{"POST /v1/games/{gameId}/takeback", `{"action":"decline"}`, player, offered("takeback", (*row).open)},
	{"POST /v1/games/{gameId}/time", "", both, (*row).open},
	{"POST /v1/games/{gameId}/rematch", `{"action":"offer"}`, both, (*row).resign},
	{"POST /v1/games/{gameId}/rematch", `{"action":"accept"}`, player, offered("rematch", (*row).resign)},
	{"POST /v1/games/{gameId}/rematch", `{"action":"decline"}`, player, offered("rematch", (*row).resign)},
}

// aboutLeavers are the rows about a game that the opponent has left.
var aboutLeavers = []grant{
	{"POST /v1/games/{gameId}/claim", `{"as":"win"}`, player, (*row).abandon},
	{"POST /v1/games/{gameId}/claim", `{"as":"draw"}`, player, (*row).abandon},
}

// Every endpoint, and every action of the endpoints with actions, is called by every kind
// of caller. The test fails if an endpoint of the API document is not in the tables.
func TestEachEndpointAllowsOnlyPermittedCallers(t *testing.T) {
	t.Parallel()
	p := up(t)
	var rows []string
	for _, g := range slices.Concat(grants, aboutGames, aboutLeavers) {
		rows = append(rows, g.operation)
	}
	slices.Sort(rows)
	if rows, documented := slices.Compact(rows), operations(t, p.url); !slices.Equal(rows, documented) {
		t.Fatalf("the tables have\n%q\nbut the API document has\n%q", rows, documented)
	}
	key, err := auth.LoadOrCreateKey(filepath.Join(p.data, "signing-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	world := &world{p: p, signer: auth.NewSigner(key)}
	var left []*row // prepared first, since a claim is allowed only after a while
	for _, g := range aboutLeavers {
		left = append(left, world.rowOfGame(t, g, false), world.rowOfGame(t, g, true))
	}
	for _, g := range grants {
		world.row(t, g).ask(t)
	}
	for _, g := range aboutGames {
		world.rowOfGame(t, g, false).ask(t)
		world.rowOfGame(t, g, true).ask(t)
	}
	for _, w := range left {
		w.waitClaimable()
		w.ask(t)
	}
}

// operations lists the operations of the served API document.
func operations(t *testing.T, url string) (all []string) {
	t.Helper()
	text, _, err := get(t.Context(), url+"/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for path, item := range document.Paths {
		for key := range item {
			if method := strings.ToUpper(key); slices.Contains([]string{"GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE"}, method) {
				all = append(all, method+" "+path)
			}
		}
	}
	slices.Sort(all)
	return all
}
