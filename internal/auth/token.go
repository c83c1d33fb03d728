package auth

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"tabiya/schemas"
)

var (
	// ErrInvalid means that the token is malformed or was not issued with our key.
	ErrInvalid = errors.New("the token is not valid")
	// ErrExpired means that the token was valid until it expired.
	ErrExpired = errors.New("the token has expired")
	// ErrEnded means that the token's session was ended before it expired.
	ErrEnded = errors.New("the session has ended")
	// ErrLoading means that the ended sessions are not known yet; see Sessions.
	ErrLoading = errors.New("the ended sessions are still being read")
)

// Principal is the holder of a token: a player or a service. PlayerID or Service is set.
type Principal struct {
	PlayerID string
	Service  string // name of the service
	Session  Session
}

// Session is what a token says of itself.
type Session struct {
	ID       string // of the token, its claim jti
	KeyID    string // of the key that it was signed with
	IssuedAt schemas.Time
}

// Actor returns the actor of the principal's commands (schemas.Command.Actor).
func (p Principal) Actor() string {
	if p.Service != "" {
		return schemas.ActorService
	}
	return p.PlayerID
}

const (
	issuer        = "tabiya"
	kindPlayer    = "player"
	kindService   = "service"
	keyIDHeader   = "kid"
	maxTokenBytes = 2048
)

type claims struct {
	jwt.RegisteredClaims
	Kind string `json:"kind"`
	// IssuedAtMs is iat in milliseconds: a session may end in the second in which it
	// began. Tokens of earlier releases lack it.
	IssuedAtMs int64 `json:"iatMs"`
}

// issuedAt returns when the token was issued.
func (c *claims) issuedAt() schemas.Time {
	if c.IssuedAtMs > 0 || c.IssuedAt == nil {
		return schemas.Time(c.IssuedAtMs)
	}
	return schemas.TimeOf(c.IssuedAt.Time)
}

// Signer issues tokens.
type Signer struct {
	key ed25519.PrivateKey
	id  string
}

// NewSigner creates a signer with the given key.
func NewSigner(key ed25519.PrivateKey) *Signer {
	return &Signer{key, KeyID(key.Public().(ed25519.PublicKey))}
}

// Player issues a player's token that expires ttl after now, rounded down to a second.
func (s *Signer) Player(playerID string, now time.Time, ttl time.Duration) (token string, expires time.Time, err error) {
	return s.issue(playerID, kindPlayer, now, ttl)
}

// Service issues a token for a trusted service; it expires like a player's.
func (s *Signer) Service(name string, now time.Time, ttl time.Duration) (token string, expires time.Time, err error) {
	return s.issue(name, kindService, now, ttl)
}

func (s *Signer) issue(subject, kind string, now time.Time, ttl time.Duration) (string, time.Time, error) {
	expires := now.Add(ttl).Truncate(time.Second)
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    issuer,
			Subject:   subject,
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(expires),
			ID:        schemas.NewID(),
		},
		Kind:       kind,
		IssuedAtMs: now.UnixMilli(),
	})
	token.Header[keyIDHeader] = s.id
	text, err := token.SignedString(s.key)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign token: %w", err)
	}
	return text, expires, nil
}
