package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// api calls the public HTTP API.
type api struct {
	base    string
	service string // service token, may be empty
	http    *http.Client
}

func newAPI(base, service string, connections int) *api {
	return &api{base, service, &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			MaxIdleConns: connections, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections,
			DisableCompression: true,
		},
	}}
}

// post sends body as JSON and decodes the response into out, which may be nil.
func (a *api) post(path, token string, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	req, err := http.NewRequest(http.MethodPost, a.base+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("POST %s: %s: %s", path, resp.Status, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

type player struct{ id, token string }

func passwordOf(handle string) string { return "correct horse " + handle }

func (a *api) register(handle string) (player, error) {
	var answer struct {
		Account struct {
			ID string `json:"id"`
		} `json:"account"`
		Token string `json:"token"`
	}
	err := a.post("/v1/accounts", a.service, map[string]string{"handle": handle, "password": passwordOf(handle)}, &answer)
	return player{answer.Account.ID, answer.Token}, err
}

// game is a game on the server with the moves that will be played in it.
type game struct {
	id           string
	white, black player
	moves        []string
}

func (g *game) mover(ply int) player {
	if ply%2 == 0 {
		return g.white
	}
	return g.black
}

// create creates a game of two players with the service token. Its clocks are too long
// to run out.
func (a *api) create(white, black player, moves []string) (*game, error) {
	var answer struct {
		ID string `json:"id"`
	}
	err := a.post("/v1/games", a.service, map[string]any{
		"white": white.id, "black": black.id, "rated": false,
		"timeControl": map[string]int{"initialCs": 3 * 3600 * 100, "incrementCs": 18000},
	}, &answer)
	if err != nil {
		return nil, err
	}
	return &game{answer.ID, white, black, moves}, nil
}

// move plays a ply (from 0) over HTTP.
func (a *api) move(g *game, ply int) error {
	return a.post("/v1/games/"+g.id+"/moves", g.mover(ply).token, map[string]any{"uci": g.moves[ply], "ply": ply + 1}, nil)
}

// parallel runs job(0) to job(n-1) on that many workers and returns the first error. A
// worker stops at its first error.
func parallel(n, workers int, job func(i int) error) error {
	next := make(chan int)
	errs := make(chan error, workers)
	for range workers {
		go func() {
			var first error
			for i := range next {
				if first == nil {
					first = job(i)
				}
			}
			errs <- first
		}()
	}
	for i := range n {
		next <- i
	}
	close(next)
	var first error
	for range workers {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}
