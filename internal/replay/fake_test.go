package replay

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"tabiya/internal/client"
	"tabiya/internal/core/pgn"
	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// fake is an in-memory server with the platform's API. It can be made to be
// unavailable, to lose answers, and to return wrong history.
type fake struct {
	t testing.TB

	mu      sync.Mutex
	players map[string]string // player id by token
	answers map[string][]byte // by token, path and idempotency key
	games   map[string]*fakeGame
	handles map[string]bool        // lower-case
	matches map[string]chan string // game id by player
	waiting map[string]string      // player by queue
	calls   int

	// Faults to inject; the functions may be nil.
	fault        func(call int, r *http.Request) fault
	alterHistory func(g *fakeGame) // changes what history returns
	expire       int               // number of games to abort before their first move
	noFivefold   bool              // play on after fivefold repetition
	seatStranger bool              // match the players with a stranger
}

type fault int

const (
	none        fault = iota
	unavailable       // answer 503 and do nothing
	answerLost        // handle the request, then close the connection
)

type fakeGame struct {
	id, white, black string
	moves            []string
	result           schemas.Result
	termination      schemas.Termination
	offer            bool
}

func newFake(t testing.TB) *fake {
	return &fake{
		t: t, players: map[string]string{}, answers: map[string][]byte{}, games: map[string]*fakeGame{},
		handles: map[string]bool{}, matches: map[string]chan string{}, waiting: map[string]string{},
	}
}

func (f *fake) start() string {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /v1/accounts", f.idempotent(f.register))
	mux.HandleFunc("POST /v1/games", f.idempotent(f.create))
	mux.HandleFunc("POST /v1/games/{id}/{action}", f.idempotent(f.act))
	mux.HandleFunc("POST /v1/queues/{queue}/join", f.idempotent(f.join))
	mux.HandleFunc("GET /v1/games/{id}", f.show)
	mux.HandleFunc("GET /v1/history/games/{id}", f.history)
	mux.HandleFunc("GET /v1/me/events", f.stream)
	mux.HandleFunc("GET /v1/queues", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"queues":[{"queue":"5+0","region":"eu"},{"queue":"5+0","region":"us"}]}`)
	})
	server := httptest.NewServer(mux)
	f.t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server.URL
}

type refusal struct {
	status int
	code   schemas.Code
}

// idempotent injects the faults, and answers a repeated request with its first answer.
func (f *fake) idempotent(handle func(r *http.Request) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.calls++
		how := none
		if f.fault != nil {
			how = f.fault(f.calls, r)
		}
		if how == unavailable {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		key := r.Header.Get("Authorization") + r.URL.Path + r.Header.Get("Idempotency-Key")
		answer, ok := f.answers[key]
		if !ok {
			result := handle(r)
			if no, refused := result.(refusal); refused {
				w.WriteHeader(no.status)
				json.NewEncoder(w).Encode(client.Problem{Code: no.code})
				return
			}
			answer, _ = json.Marshal(result)
			f.answers[key] = answer
		}
		if how == answerLost {
			panic(http.ErrAbortHandler)
		}
		w.Write(answer)
	}
}

func (f *fake) actor(r *http.Request) string {
	return f.players[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
}

func (f *fake) register(r *http.Request) any {
	var body struct{ Handle string }
	json.NewDecoder(r.Body).Decode(&body)
	if len(body.Handle) < 2 || len(body.Handle) > 20 {
		return refusal{422, schemas.CodeInvalidField}
	}
	handle := strings.ToLower(body.Handle)
	if f.handles[handle] {
		return refusal{409, schemas.CodeHandleTaken}
	}
	f.handles[handle] = true
	id := schemas.NewID()
	f.players["token-"+id] = id
	f.matches[id] = make(chan string, 1)
	return map[string]any{"account": map[string]string{"id": id, "handle": body.Handle}, "token": "token-" + id}
}

func (f *fake) create(r *http.Request) any {
	var body client.NewGame
	json.NewDecoder(r.Body).Decode(&body)
	if r.Header.Get("Authorization") != "Bearer service" {
		return refusal{403, schemas.CodeForbidden}
	}
	if body.White == body.Black {
		return refusal{422, schemas.CodeSamePlayer}
	}
	return map[string]string{"id": f.newGame(body.White, body.Black).id}
}

func (f *fake) newGame(white, black string) *fakeGame {
	g := &fakeGame{id: schemas.NewID(), white: white, black: black, result: schemas.NoResult}
	if f.expire > 0 {
		f.expire--
		g.termination = schemas.FirstMoveExpired
	}
	f.games[g.id] = g
	return g
}

func (f *fake) join(r *http.Request) any {
	var body struct{ Region string }
	json.NewDecoder(r.Body).Decode(&body)
	me, queue := f.actor(r), body.Region+r.PathValue("queue")
	if other := f.waiting[queue]; other != "" {
		delete(f.waiting, queue)
		white := other
		if f.seatStranger {
			white = schemas.NewID()
		}
		g := f.newGame(me, white) // the second to join plays White
		f.matches[me] <- g.id
		f.matches[other] <- g.id
	} else {
		f.waiting[queue] = me
	}
	return map[string]string{"ticketId": schemas.NewID()}
}

func (f *fake) act(r *http.Request) any {
	g, me := f.games[r.PathValue("id")], f.actor(r)
	if g == nil {
		return refusal{404, schemas.CodeGameNotFound}
	}
	if g.termination != "" {
		return refusal{409, schemas.CodeGameOver}
	}
	var body struct {
		UCI, Action string
		Ply         int
	}
	json.NewDecoder(r.Body).Decode(&body)
	switch r.PathValue("action") {
	case "moves":
		if mover := []string{g.white, g.black}[len(g.moves)%2]; mover != me {
			return refusal{409, schemas.CodeNotYourTurn}
		}
		if body.Ply != len(g.moves)+1 {
			return refusal{409, schemas.CodeWrongPly}
		}
		g.moves = append(g.moves, body.UCI)
		g.updateResult(!f.noFivefold)
	case "resign":
		g.termination, g.result = schemas.Resignation, schemas.WhiteWins
		if me == g.white {
			g.result = schemas.BlackWins
		}
	case "draw":
		if body.Action == "accept" && !g.offer {
			return refusal{409, schemas.CodeNoDrawOffer}
		}
		g.offer = true
		if body.Action == "accept" {
			g.termination, g.result = schemas.Agreement, schemas.Draw
		}
	}
	return g.view()
}

func (g *fakeGame) updateResult(fivefold bool) {
	p := rules.Start()
	seen := map[uint64]int{p.Key(): 1}
	for _, uci := range g.moves {
		p, _, _ = p.Play(uci)
		seen[p.Key()]++
	}
	if fivefold && seen[p.Key()] >= 5 {
		g.termination, g.result = schemas.FivefoldRepetition, schemas.Draw
	}
	switch p.Status() {
	case rules.Checkmate:
		g.termination, g.result = schemas.Checkmate, schemas.WinFor(p.Turn().Other())
	case rules.Stalemate, rules.Insufficient:
		g.termination, g.result = schemas.Stalemate, schemas.Draw
	}
}

func (g *fakeGame) view() any {
	return map[string]any{
		"id": g.id, "ply": len(g.moves), "result": g.result, "termination": g.termination,
		"white": map[string]string{"playerId": g.white}, "black": map[string]string{"playerId": g.black},
	}
}

func (f *fake) show(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	json.NewEncoder(w).Encode(f.games[r.PathValue("id")].view())
}

func (f *fake) history(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := *f.games[r.PathValue("id")]
	if f.alterHistory != nil {
		f.alterHistory(&g)
	}
	moves, clocks := append([]string{}, g.moves...), make([]int64, len(g.moves))
	text, err := pgn.Append(nil, g.id, &schemas.GameOver{
		StartFEN: rules.Start().FEN(), Result: g.result, Termination: g.termination, Moves: moves, ClocksCs: clocks, Plies: len(moves),
	}, pgn.Changes{})
	if err != nil {
		f.t.Error(err)
	}
	w.Write(text)
}

// stream sends the player's state, and then the game that they are matched in.
func (f *fake) stream(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	match := f.matches[f.actor(r)]
	f.mu.Unlock()
	fmt.Fprintln(w, `{"type":"state","seat":{"status":"idle"}}`)
	w.(http.Flusher).Flush()
	select {
	case id := <-match:
		fmt.Fprintf(w, "\n{\"type\":\"matched\",\"gameId\":%q}\n{\"type\":\"game_started\",\"gameId\":%q}\n", id, id)
	case <-r.Context().Done():
	}
}
