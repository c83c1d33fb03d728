package client

import (
	"context"
	"fmt"
	"net/http"
)

// Player is an account with a token to act for it.
type Player struct {
	ID     string
	Handle string
	Token  string
}

// Registration is a new account.
type Registration struct {
	Handle   string `json:"handle"`
	Password string `json:"password"`
	Region   string `json:"region,omitempty"` // empty for the server's default
	// ServiceToken lets an operator's program register more accounts than an address may.
	ServiceToken string `json:"-"`
}

// Register creates an account. Repeating it with the same key and registration
// returns the same account.
func (c *Client) Register(ctx context.Context, key string, r Registration) (Player, error) {
	var session struct {
		Account struct{ ID, Handle string }
		Token   string
	}
	err := c.Do(ctx, Request{Method: http.MethodPost, Path: "/v1/accounts", Key: key, Token: r.ServiceToken, Body: r}, &session)
	if err != nil {
		return Player{}, fmt.Errorf("register %s: %w", r.Handle, err)
	}
	return Player{session.Account.ID, session.Account.Handle, session.Token}, nil
}
