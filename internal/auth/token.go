package auth

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"

	"tabiya/schemas"
)

var (
	// ErrInvalid means that the token is malformed or was not issued with our key.
	ErrInvalid = errors.New("the token is not valid")
	// ErrExpired means that the token was valid until it expired.
	ErrExpired = errors.New("the token has expired")
)

// Principal is the holder of a token: a player or a service. One field is set.
type Principal struct {
	PlayerID string
	Service  string // name of the service
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
	maxTokenBytes = 2048
	// cachedTokens bounds the verified tokens that are remembered, in about 10 MB.
	// Verifying a signature costs more than the rest of a move's request.
	cachedTokens = 16384
)

type claims struct {
	jwt.RegisteredClaims
	Kind string `json:"kind"`
}

// Signer issues tokens.
type Signer struct{ key ed25519.PrivateKey }

// NewSigner creates a signer with the given key.
func NewSigner(key ed25519.PrivateKey) *Signer { return &Signer{key} }

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
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    issuer,
			Subject:   subject,
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(expires),
			ID:        schemas.NewID(),
		},
		Kind: kind,
	}).SignedString(s.key)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign token: %w", err)
	}
	return token, expires, nil
}

// Verifier verifies tokens. It remembers the last valid ones. It is safe for concurrent
// use.
type Verifier struct {
	key    ed25519.PublicKey
	parser *jwt.Parser
	now    func() time.Time
	valid  *lru.Cache[string, verified]
}

type verified struct {
	principal Principal
	expires   time.Time
}

// NewVerifier creates a verifier with the given key. now is the clock, which is
// time.Now outside tests.
func NewVerifier(key ed25519.PublicKey, now func() time.Time) *Verifier {
	valid, err := lru.New[string, verified](cachedTokens)
	if err != nil {
		panic(err) // only for a size below 1
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithIssuer(issuer),
		jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(now),
		jwt.WithStrictDecoding(),
	)
	return &Verifier{key: key, parser: parser, now: now, valid: valid}
}

// Verify returns the holder of a token. Returns ErrExpired or ErrInvalid if there is
// none.
func (v *Verifier) Verify(token string) (Principal, error) {
	if len(token) > maxTokenBytes {
		return Principal{}, ErrInvalid
	}
	if cached, ok := v.valid.Get(token); ok {
		if !v.now().Before(cached.expires) {
			v.valid.Remove(token)
			return Principal{}, ErrExpired
		}
		return cached.principal, nil
	}
	var c claims
	_, err := v.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return v.key, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return Principal{}, ErrExpired
	case err != nil:
		return Principal{}, ErrInvalid
	}
	var principal Principal
	switch {
	case c.Kind == kindPlayer && schemas.ValidID(c.Subject):
		principal.PlayerID = c.Subject
	case c.Kind == kindService && c.Subject != "":
		principal.Service = c.Subject
	default:
		return Principal{}, ErrInvalid
	}
	v.valid.Add(token, verified{principal, c.ExpiresAt.Time})
	return principal, nil
}
