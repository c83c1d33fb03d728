package test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tabiya/internal/auth"
	"tabiya/internal/client"
	"tabiya/schemas"
	"tabiya/services/openapi/openapitest"
)

// callers are the columns of the table: who asks. White is to move in the game
// that a row is about.
var callers = []string{"no token", "an expired token", "a stranger", "the opponent", "the player himself", "a service"}

// grant is a row: the status that each caller gets, in the order of callers. A
// 409 is somebody who may, but not now.
type grant struct {
	operation string // method and path, as in the document
	body      string
	statuses  [6]int
	before    func(w *row, caller string) // what has to be there, if anything
}

var (
	anybody = [6]int{200, 401, 200, 200, 200, 200} // but a token that is sent must be good
	always  = [6]int{200, 200, 200, 200, 200, 200} // no token is looked at
	players = [6]int{401, 401, 200, 200, 200, 403}
	created = [6]int{201, 401, 201, 201, 201, 201}
)

var grants = []grant{
	{"GET /healthz", "", always, nil},
	{"GET /readyz", "", always, nil},
	{"GET /metrics", "", always, nil},
	{"GET /openapi.json", "", always, nil},

	{"POST /v1/accounts", `{"handle":"{new}","password":"correct horse battery"}`, created, nil},
	{"POST /v1/sessions", `{"handle":"{white handle}","password":"correct horse battery"}`, created, nil},
	{"GET /v1/accounts/me", "", players, nil},
	{"PATCH /v1/accounts/me", `{"country":"NO"}`, players, nil},
	{"DELETE /v1/accounts/me", "", [6]int{401, 401, 204, 204, 204, 403}, nil},
	{"GET /v1/players/{player}", "", anybody, nil},

	{"GET /v1/queues", "", anybody, nil},
	{"POST /v1/queues/{queue}/join", "{}", players, nil},
	{"POST /v1/queues/{queue}/leave", "{}", [6]int{401, 401, 204, 204, 204, 403}, (*row).join},
	{"GET /v1/me/events", "", players, nil},

	{"POST /v1/games", `{"white":"{white}","black":"{black}","timeControl":{"initialCs":60000,"incrementCs":0}}`, [6]int{401, 401, 403, 403, 403, 201}, nil},
	{"GET /v1/games", "", anybody, nil},
	{"GET /v1/games/{gameId}", "", anybody, nil},
	{"GET /v1/games/{gameId}/events", "", anybody, nil},
	{"GET /v1/games/{gameId}/socket", "", [6]int{101, 401, 101, 101, 101, 101}, nil},
	{"POST /v1/games/{gameId}/moves", `{"uci":"e2e4"}`, [6]int{401, 401, 403, 409, 200, 403}, nil},
	{"POST /v1/games/{gameId}/draw", `{"action":"offer"}`, [6]int{401, 401, 403, 200, 200, 403}, nil},
	{"POST /v1/games/{gameId}/takeback", `{"action":"offer"}`, [6]int{401, 401, 403, 409, 409, 403}, nil},
	{"POST /v1/games/{gameId}/time", "", [6]int{401, 401, 403, 409, 409, 403}, nil},
	{"POST /v1/games/{gameId}/rematch", `{"action":"offer"}`, [6]int{401, 401, 403, 200, 200, 403}, (*row).resign},
	{"POST /v1/games/{gameId}/claim", `{"as":"win"}`, [6]int{401, 401, 403, 409, 409, 403}, nil},
	{"POST /v1/games/{gameId}/resign", "", [6]int{401, 401, 403, 200, 200, 403}, nil},
	{"POST /v1/games/{gameId}/abort", "", [6]int{401, 401, 403, 200, 200, 403}, nil},

	{"GET /v1/tv", "", anybody, nil},
	{"GET /v1/tv/{speed}/events", "", anybody, nil},

	{"GET /v1/history/games/{game}", "", anybody, (*row).finish},
	{"GET /v1/history/players/{player}/games", "", anybody, nil},
}

// row is what the calls of one row are about: players of its own, and for each
// call a game of its own.
type row struct {
	t        *testing.T
	p        *platform
	client   *client.Client
	people   map[string]client.Player
	tokens   map[string]string
	gameID   string
	queue    string
	newcomer int
}

// Every endpoint, by every kind of caller, against the program as it is built. An
// endpoint that is in the document and not in the table fails the test.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	p := up(t)
	key, err := auth.LoadOrCreateKey(filepath.Join(p.data, "signing-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	signer := auth.NewSigner(key)
	var rows []string
	for _, g := range grants {
		rows = append(rows, g.operation)
	}
	if documented := operations(t, p.url); !slices.Equal(slices.Sorted(slices.Values(rows)), documented) {
		t.Fatalf("the table has\n%q\nthe document\n%q", rows, documented)
	}
	for n, g := range grants {
		t.Run(g.operation, func(t *testing.T) {
			w := newRow(t, p, signer, n)
			for column, caller := range callers {
				w.newGame()
				if g.before != nil {
					g.before(w, caller)
				}
				if got := w.call(g, caller); got != g.statuses[column] {
					t.Errorf("%s gets %d, not %d", caller, got, g.statuses[column])
				}
			}
		})
	}
}

// operations lists the served document's.
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

func newRow(t *testing.T, p *platform, signer *auth.Signer, n int) *row {
	t.Helper()
	w := &row{t: t, p: p, queue: "3+2", client: client.New(client.Config{URL: p.url, Patience: time.Minute, Connections: 4}),
		people: map[string]client.Player{}, tokens: map[string]string{"no token": "", "a service": p.serviceToken}}
	for i, caller := range []string{"a stranger", "the opponent", "the player himself"} {
		handle := fmt.Sprintf("row%d_%d", n, i)
		who, err := w.client.Register(t.Context(), handle, client.Registration{Handle: handle, Password: "correct horse battery"})
		if err != nil {
			t.Fatal(err)
		}
		w.people[caller], w.tokens[caller] = who, who.Token
	}
	var err error
	w.tokens["an expired token"], _, err = signer.Player(w.people["the player himself"].ID, time.Now().Add(-2*time.Hour), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// newGame seats the two players; nothing happens to a closed account's.
func (w *row) newGame() {
	w.t.Helper()
	g, err := w.client.CreateGame(w.t.Context(), w.p.serviceToken, schemas.NewID(), client.NewGame{
		White: w.people["the player himself"].ID, Black: w.people["the opponent"].ID, TimeControl: schemas.TimeControl{InitialCs: 60000},
	})
	switch {
	case err == nil:
		w.gameID = g.ID
	case client.CodeOf(err) != schemas.CodePlayerClosed:
		w.t.Fatal(err)
	}
}

func (w *row) join(caller string) {
	w.t.Helper()
	if _, plays := w.people[caller]; !plays {
		return
	}
	w.queue = "5+0" // where the row of join has left nobody
	if got := w.call(grant{operation: "POST /v1/queues/{queue}/join", body: "{}"}, caller); got != http.StatusOK {
		w.t.Fatalf("%s: joining gets %d", caller, got)
	}
}

// resign ends the game with a result.
func (w *row) resign(string) {
	w.t.Helper()
	if _, err := w.client.Resign(w.t.Context(), w.people["the player himself"], w.gameID, "done"); err != nil {
		w.t.Fatal(err)
	}
}

// finish ends the game and waits until history has it.
func (w *row) finish(caller string) {
	w.t.Helper()
	w.resign(caller)
	eventually(w.t, "the game in history", func() error {
		return w.client.Do(w.t.Context(), client.Request{Method: "GET", Path: "/v1/history/games/" + w.gameID}, nil)
	})
}

// call does what the row is about and gives the status. Of a stream, the head is
// enough.
func (w *row) call(g grant, caller string) (status int) {
	w.t.Helper()
	w.newcomer++
	white, black := w.people["the player himself"], w.people["the opponent"]
	fill := strings.NewReplacer("{new}", fmt.Sprintf("%s_%d", white.Handle, w.newcomer), "{white handle}", white.Handle,
		"{white}", white.ID, "{black}", black.ID, "{gameId}", w.gameID, "{game}", w.gameID, "{player}", white.ID,
		"{queue}", w.queue, "{speed}", "blitz")
	method, path, _ := strings.Cut(g.operation, " ")
	if g.operation == "GET /v1/games" {
		path += "?player=" + white.ID
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, w.p.url+fill.Replace(path), strings.NewReader(fill.Replace(g.body)))
	if err != nil {
		w.t.Fatal(err)
	}
	if g.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token := w.tokens[caller]; token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	if strings.HasSuffix(path, "/socket") {
		for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg=="} {
			request.Header.Set(name, value)
		}
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= 400 {
		openapitest.Validate(w.t, request, answer)
	}
	return answer.StatusCode
}
