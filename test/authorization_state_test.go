package test

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"tabiya/internal/client"
	"tabiya/internal/eventually"
	"tabiya/schemas"
)

// The functions in this file prepare the state that a row's request needs.

// newGame creates a game between the two players, once livegame knows them.
func (w *row) newGame() {
	w.t.Helper()
	body := map[string]any{"white": w.white.ID, "black": w.black.ID, "timeControl": schemas.TimeControl{InitialCs: 30_000}, "private": w.private}
	eventually.NoError(w.t, "a game", func() error {
		var g client.Game
		err := w.client.Do(w.t.Context(), client.Request{Method: "POST", Path: "/v1/games", Token: w.p.serviceToken, Body: body}, &g)
		w.gameID = g.ID
		return err
	})
}

// join puts the caller into a queue of their own.
func (w *row) join() {
	w.t.Helper()
	if w.caller == "a stranger" || w.caller == "the opponent" || w.caller == "the player" {
		w.queue = "5+0" // not the queue that the row of join leaves players in
		if got := w.call("POST /v1/queues/{queue}/join", "{}"); got != http.StatusOK {
			w.t.Fatalf("%s: joining gets %d", w.caller, got)
		}
	}
}

// act performs an action in the game.
func (w *row) act(who client.Player, action string, body any) {
	w.t.Helper()
	err := w.client.Do(w.t.Context(), client.Request{Method: "POST", Path: "/v1/games/" + w.gameID + "/" + action, Token: who.Token, Body: body}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *row) play(moves string) {
	w.t.Helper()
	for ply, uci := range strings.Fields(moves) {
		w.act([]client.Player{w.white, w.black}[ply%2], "moves", map[string]string{"uci": uci})
	}
}

// open plays one move of each side.
func (w *row) open() { w.play("e2e4 e7e5") }

// repeat plays until the position has occurred three times, with White to move.
func (w *row) repeat() { w.play("g1f3 g8f6 f3g1 f6g8 g1f3 g8f6 f3g1 f6g8") }

// resign ends the game by White's resignation.
func (w *row) resign() { w.act(w.white, "resign", nil) }

// offered makes the opponent offer a draw, a takeback or a rematch.
func offered(what string, before ...func(*row)) func(*row) {
	return func(w *row) {
		w.t.Helper()
		for _, f := range before {
			f(w)
		}
		w.act(w.black, what, map[string]string{"action": "offer"})
	}
}

// finish ends the game and waits until history has it.
func (w *row) finish() {
	w.t.Helper()
	w.resign()
	eventually.NoError(w.t, "the game in history", func() error {
		return w.client.Do(w.t.Context(), client.Request{Method: "GET", Path: "/v1/history/games/" + w.gameID, Token: w.p.serviceToken}, nil)
	})
}

// abandon makes the opponent leave explicitly while it is their turn.
func (w *row) abandon() {
	w.t.Helper()
	w.play("e2e4 e7e5 d2d4")
	url := strings.Replace(w.p.url, "http", "ws", 1) + "/v1/games/" + w.gameID + "/socket?access_token=" + w.black.Token
	conn, _, err := websocket.Dial(w.t.Context(), url, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.CloseNow()
	if err := conn.Write(w.t.Context(), websocket.MessageText, []byte(`{"type":"leave"}`)); err != nil {
		w.t.Fatal(err)
	}
	for err == nil { // until the server closes
		_, _, err = conn.Read(w.t.Context())
	}
}

// waitClaimable waits until the win or draw against the absent opponent can be claimed.
func (w *row) waitClaimable() {
	w.t.Helper()
	eventually.NoError(w.t, "a claim", func() error {
		var game struct {
			Black struct{ ClaimableAt *time.Time }
		}
		err := w.client.Do(w.t.Context(), client.Request{Method: "GET", Path: "/v1/games/" + w.gameID, Token: w.p.serviceToken}, &game)
		if at := game.Black.ClaimableAt; err == nil && (at == nil || time.Since(*at) < time.Second) {
			return errors.New("the opponent may still come back")
		}
		return err
	})
}
