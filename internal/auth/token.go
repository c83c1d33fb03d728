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
	// ErrInvalid: not a token of ours, whatever is wrong with it.
	ErrInvalid = errors.New("the token is not valid")
	// ErrExpired: it was one.
	ErrExpired = errors.New("the token has expired")
)

// Principal is who a token speaks for: a player, or a service.
type Principal struct {
	PlayerID string // set for a player
	Service  string // the service's name, set for a service token
}

// Actor is the principal as commands name it.
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
	// cachedTokens bounds the memory of checked tokens, about 10 MB. Checking a
	// signature costs more than all else a move's request does.
	cachedTokens = 16384
)

type claims struct {
	jwt.RegisteredClaims
	Kind string `json:"kind"`
}

// Signer issues tokens.
type Signer struct{ key ed25519.PrivateKey }

// NewSigner signs with key.
func NewSigner(key ed25519.PrivateKey) *Signer { return &Signer{key} }

// Player issues a player's token, good for ttl from now.
func (s *Signer) Player(playerID string, now time.Time, ttl time.Duration) (token string, expires time.Time, err error) {
	return s.issue(playerID, kindPlayer, now, ttl)
}

// Service issues a token for a trusted caller, good for ttl from now.
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

// Verifier checks tokens. It remembers those it has checked, up to a bound; it
// is safe for concurrent use.
type Verifier struct {
	key    ed25519.PublicKey
	parser *jwt.Parser
	now    func() time.Time
	good   *lru.Cache[string, checked]
}

type checked struct {
	who     Principal
	expires time.Time
}

// NewVerifier checks with key; now is the clock, time.Now outside tests.
func NewVerifier(key ed25519.PublicKey, now func() time.Time) *Verifier {
	good, err := lru.New[string, checked](cachedTokens)
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
	return &Verifier{key: key, parser: parser, now: now, good: good}
}

// Verify tells who the token speaks for, or ErrInvalid or ErrExpired.
func (v *Verifier) Verify(token string) (Principal, error) {
	if len(token) > maxTokenBytes {
		return Principal{}, ErrInvalid
	}
	if c, ok := v.good.Get(token); ok {
		if !v.now().Before(c.expires) {
			v.good.Remove(token)
			return Principal{}, ErrExpired
		}
		return c.who, nil
	}
	var c claims
	_, err := v.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return v.key, nil })
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return Principal{}, ErrExpired
	case err != nil:
		return Principal{}, ErrInvalid
	}
	who := Principal{}
	switch {
	case c.Kind == kindPlayer && schemas.ValidID(c.Subject):
		who.PlayerID = c.Subject
	case c.Kind == kindService && c.Subject != "":
		who.Service = c.Subject
	default:
		return Principal{}, ErrInvalid
	}
	v.good.Add(token, checked{who, c.ExpiresAt.Time})
	return who, nil
}
