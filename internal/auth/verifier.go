package auth

import (
	"crypto/ed25519"
	"errors"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"

	"tabiya/schemas"
)

// cachedTokens bounds the verified tokens that are remembered, in about 10 MB.
// Verifying a signature costs more than the rest of a move's request.
const cachedTokens = 16384

// Verifier verifies tokens. It remembers the last valid ones. It is safe for concurrent
// use.
type Verifier struct {
	// Sessions knows the sessions that have ended.
	Sessions Sessions

	keys   atomic.Pointer[Keys]
	parser *jwt.Parser
	now    func() time.Time
	valid  *lru.Cache[string, verified]
}

type verified struct {
	principal Principal
	expires   time.Time
}

// NewVerifier creates a verifier with one key for the tokens of players and services. now
// is the clock, which is time.Now outside tests.
func NewVerifier(key ed25519.PublicKey, now func() time.Time) *Verifier {
	return NewVerifierOf(SingleKey(key), now)
}

// NewVerifierOf is NewVerifier for a set of keys.
func NewVerifierOf(keys Keys, now func() time.Time) *Verifier {
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
	v := &Verifier{parser: parser, now: now, valid: valid}
	v.keys.Store(&keys)
	return v
}

// SetKeys replaces the keys. Tokens of a key that is not among them any more are not
// valid from now on, and their sessions end.
func (v *Verifier) SetKeys(keys Keys) {
	v.keys.Store(&keys)
	v.Sessions.endWhere(func(who Principal) bool { return !v.hasKeyOf(who) })
}

// hasKeyOf reports whether the key of the principal's token is still there, for its kind.
func (v *Verifier) hasKeyOf(who Principal) bool {
	key, ok := (*v.keys.Load())[who.Session.KeyID]
	return ok && (who.PlayerID != "" && key.Players || who.Service != "" && key.Services)
}

// Verify returns the holder of a token. Returns ErrExpired, ErrEnded, ErrLoading or
// ErrInvalid if there is none.
func (v *Verifier) Verify(token string) (Principal, error) {
	if len(token) > maxTokenBytes {
		return Principal{}, ErrInvalid
	}
	found, cached := v.valid.Get(token)
	if !cached {
		var err error
		if found, err = v.parse(token); err != nil {
			return Principal{}, err
		}
	}
	switch {
	case !v.hasKeyOf(found.principal):
		return Principal{}, ErrInvalid
	case !v.now().Before(found.expires):
		v.valid.Remove(token)
		return Principal{}, ErrExpired
	}
	if err := v.Sessions.check(found.principal); err != nil {
		return Principal{}, err
	}
	if !cached {
		v.valid.Add(token, found)
	}
	return found.principal, nil
}

// Watch calls onEnd, which must not block, once the session of a verified token has
// ended, except by expiring. Call stop when it is no longer wanted.
func (v *Verifier) Watch(who Principal, onEnd func()) (stop func()) {
	stop = v.Sessions.watch(who, onEnd)
	if !v.hasKeyOf(who) { // removed since the token was verified
		v.SetKeys(*v.keys.Load())
	}
	return stop
}

// parse verifies the signature and the claims of a token.
func (v *Verifier) parse(token string) (verified, error) {
	var (
		c     claims
		keyID string
	)
	_, err := v.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		keyID, _ = t.Header[keyIDHeader].(string)
		return v.keyFor(keyID)
	})
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return verified{}, ErrExpired
	case err != nil:
		return verified{}, ErrInvalid
	}
	if keyID == "" {
		keyID = v.signerOf(token)
	}
	who := Principal{Session: Session{ID: c.ID, KeyID: keyID, IssuedAt: c.issuedAt()}}
	switch {
	case c.Kind == kindPlayer && schemas.ValidID(c.Subject):
		who.PlayerID = c.Subject
	case c.Kind == kindService && c.Subject != "":
		who.Service = c.Subject
	default:
		return verified{}, ErrInvalid
	}
	return verified{who, c.ExpiresAt.Time}, nil
}

var errNoKey = errors.New("no key has the token's kid")

// keyFor returns the key with that id. Tokens of earlier releases have none: any key may
// have signed them.
func (v *Verifier) keyFor(keyID string) (any, error) {
	keys := *v.keys.Load()
	if keyID != "" {
		key, ok := keys[keyID]
		if !ok {
			return nil, errNoKey
		}
		return key.Public, nil
	}
	var all jwt.VerificationKeySet
	for _, key := range keys {
		all.Keys = append(all.Keys, key.Public)
	}
	return all, nil
}

// signerOf returns the id of the key that has signed a valid token without a kid.
func (v *Verifier) signerOf(token string) string {
	for id, key := range *v.keys.Load() {
		if _, err := v.parser.Parse(token, func(*jwt.Token) (any, error) { return key.Public, nil }); err == nil {
			return id
		}
	}
	return ""
}
