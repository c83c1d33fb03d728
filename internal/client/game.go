package client

import (
	"context"
	"fmt"
	"net/http"

	"tabiya/schemas"
)

// NewGame is a request to create a game.
type NewGame struct {
	White       string              `json:"white"` // player ids
	Black       string              `json:"black"`
	TimeControl schemas.TimeControl `json:"timeControl"`
	Rated       bool                `json:"rated"`
}

// Game is a live game, with the fields that this client uses.
type Game struct {
	ID          string
	Seq         int64
	Ply         int
	White       Seated
	Black       Seated
	Result      schemas.Result // "*" until the game is over
	Termination schemas.Termination
}

// Seated is a player of a game.
type Seated struct {
	PlayerID string
	Handle   string
}

// Over reports whether the game has ended.
func (g Game) Over() bool { return g.Termination != "" }

// CreateGame creates a game. It needs a service token; key is a schemas.NewID. It
// waits until livegame knows players that have just registered.
func (c *Client) CreateGame(ctx context.Context, serviceToken, key string, g NewGame) (Game, error) {
	var game Game
	r := Request{Method: http.MethodPost, Path: "/v1/games", Token: serviceToken, Key: key, Body: g}
	err := c.doUntilFound(ctx, r, &game, schemas.CodePlayerNotFound)
	if err != nil {
		return Game{}, fmt.Errorf("create game: %w", err)
	}
	return game, nil
}

// Game reads a live game.
func (c *Client) Game(ctx context.Context, gameID string) (Game, error) {
	var game Game
	err := c.Do(ctx, Request{Method: http.MethodGet, Path: "/v1/games/" + gameID}, &game)
	return game, err
}

// WaitForGame reads a live game that may have been created just now, and waits until
// livegame knows it.
func (c *Client) WaitForGame(ctx context.Context, gameID string) (Game, error) {
	var game Game
	err := c.doUntilFound(ctx, Request{Method: http.MethodGet, Path: "/v1/games/" + gameID}, &game, schemas.CodeGameNotFound)
	return game, err
}

// Move plays a move in UCI notation as ply number ply, from 1.
func (c *Client) Move(ctx context.Context, p Player, gameID, key, uci string, ply int) (Game, error) {
	body := struct {
		UCI string `json:"uci"`
		Ply int    `json:"ply"`
	}{uci, ply}
	return c.act(ctx, p, gameID, key, "moves", body)
}

// Resign resigns the game for the player.
func (c *Client) Resign(ctx context.Context, p Player, gameID, key string) (Game, error) {
	return c.act(ctx, p, gameID, key, "resign", nil)
}

// Actions for Draw.
const (
	OfferDraw  = "offer"
	AcceptDraw = "accept"
)

// Draw offers or accepts a draw.
func (c *Client) Draw(ctx context.Context, p Player, gameID, key, action string) (Game, error) {
	return c.act(ctx, p, gameID, key, "draw", map[string]string{"action": action})
}

func (c *Client) act(ctx context.Context, p Player, gameID, key, action string, body any) (Game, error) {
	var game Game
	err := c.Do(ctx, Request{Method: http.MethodPost, Path: "/v1/games/" + gameID + "/" + action, Token: p.Token, Key: key, Body: body}, &game)
	return game, err
}
