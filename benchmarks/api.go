package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// api is the public HTTP API as a client sees it.
type api struct {
	base    string
	service string // service token
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

// post sends body as JSON and reads the answer into out, which may be nil.
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

func (a *api) register(handle string) (player, error) {
	var answer struct {
		Account struct {
			ID string `json:"id"`
		} `json:"account"`
		Token string `json:"token"`
	}
	err := a.post("/v1/accounts", "", map[string]string{"handle": handle, "password": "correct horse " + handle}, &answer)
	return player{answer.Account.ID, answer.Token}, err
}

// game is a game in play with the moves it will see.
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

// create seats two players by the service token, with clocks that do not fall.
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

// move plays ply (from 0) over HTTP.
func (a *api) move(g *game, ply int) error {
	return a.post("/v1/games/"+g.id+"/moves", g.mover(ply).token, map[string]any{"uci": g.moves[ply], "ply": ply + 1}, nil)
}

// parallel runs n jobs on workers goroutines and gives the first error.
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
