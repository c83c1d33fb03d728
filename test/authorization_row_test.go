package test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"tabiya/internal/auth"
	"tabiya/internal/client"
	"tabiya/services/openapi/openapitest"
)

// world is the running platform that the rows are tested on.
type world struct {
	p      *platform
	signer *auth.Signer
	rows   int
}

// row is a grant with its own players and, if it is about a game, its own game.
type row struct {
	grant
	t            *testing.T
	p            *platform
	client       *client.Client
	white, black client.Player
	tokens       map[string]string // by caller
	caller       string            // who sends the next request
	aboutGame    bool
	private      bool
	gameID       string
	queue        string
	newcomers    int
}

func (a *world) row(t *testing.T, g grant) *row {
	t.Helper()
	a.rows++
	w := &row{grant: g, t: t, p: a.p, queue: "3+2", client: client.New(client.Config{URL: a.p.url, Patience: time.Minute, Connections: 4})}
	register := func(name string) client.Player {
		handle := fmt.Sprintf("%s_%d", name, a.rows)
		who, err := w.client.Register(t.Context(), handle, client.Registration{Handle: handle, Password: "correct horse battery", ServiceToken: a.p.serviceToken})
		if err != nil {
			t.Fatal(err)
		}
		return who
	}
	w.white, w.black = register("white"), register("black")
	expired, _, err := a.signer.Player(w.white.ID, time.Now().Add(-2*time.Hour), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	w.tokens = map[string]string{
		"no token": "", "an expired token": expired, "a service": a.p.serviceToken,
		"a stranger": register("stranger").Token, "the opponent": w.black.Token, "the player": w.white.Token,
	}
	return w
}

func (a *world) rowOfGame(t *testing.T, g grant, private bool) *row {
	t.Helper()
	w := a.row(t, g)
	if w.aboutGame, w.private = true, private; private {
		w.statuses = w.statuses.ofPrivate()
	}
	w.prepare()
	return w
}

// prepare creates what the request needs.
func (w *row) prepare() {
	w.t.Helper()
	if w.aboutGame {
		w.newGame()
	}
	if w.before != nil {
		w.before(w)
	}
}

// ask sends the request as every caller. A refused request leaves the game as it was, so
// the next caller reuses it.
func (w *row) ask(t *testing.T) {
	name := strings.TrimSpace(w.operation + " " + w.body)
	if w.private {
		name = "private: " + name
	}
	t.Run(name, func(t *testing.T) {
		w.t = t
		status := http.StatusConflict // rowOfGame has prepared the game for the first caller
		for column, caller := range callers {
			w.caller = caller
			if !w.aboutGame || status < 400 {
				w.prepare()
			}
			if status = w.call(w.operation, w.body); status != w.statuses[column] {
				t.Errorf("%s gets %d, not %d", caller, status, w.statuses[column])
			}
		}
	})
}

// call sends the request as the caller and returns the status. It reads only the head of
// a stream.
func (w *row) call(operation, body string) (status int) {
	w.t.Helper()
	w.newcomers++
	fill := strings.NewReplacer("{new}", fmt.Sprintf("%s_%d", w.white.Handle, w.newcomers), "{white handle}", w.white.Handle,
		"{white}", w.white.ID, "{black}", w.black.ID, "{gameId}", w.gameID, "{game}", w.gameID, "{player}", w.white.ID,
		"{queue}", w.queue, "{speed}", "blitz")
	method, path, _ := strings.Cut(operation, " ")
	list := method == "GET" && strings.HasSuffix(path, "/games")
	if operation == "GET /v1/games" {
		path += "?player={player}"
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, w.p.url+fill.Replace(path), strings.NewReader(fill.Replace(body)))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if token := w.tokens[w.caller]; token != "" {
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
	if list && answer.StatusCode == http.StatusOK {
		if text, err := io.ReadAll(answer.Body); err != nil {
			w.t.Fatal(err)
		} else if !bytes.Contains(text, []byte(w.gameID)) {
			return http.StatusNotFound
		}
	}
	return answer.StatusCode
}
