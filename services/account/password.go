package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/argon2id"
)

// hashParams are OWASP's for Argon2id with the least CPU time of its list that
// fits a small machine: 19 MiB, two passes, one lane (Password Storage Cheat
// Sheet). About 20 ms of one core.
func hashParams() *argon2id.Params {
	return &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

const (
	// waitingPerHash is how many requests may wait for each slot, and
	// longestHashWait for how long, before they are sent away.
	waitingPerHash  = 64
	longestHashWait = 5 * time.Second
)

// errBusy: as many passwords as the memory allows are being hashed, and as many
// requests wait as can be served in time.
var errBusy = errors.New("too many passwords are being hashed")

// hasher hashes a bounded number of passwords at a time: each takes 19 MiB.
type hasher struct {
	params   *argon2id.Params
	admitted chan struct{}
	slots    chan struct{}
	// dummy is compared with where there is no account, so that an unknown
	// handle takes as long as a wrong password.
	dummy   string
	compare func(password, hash string) (bool, error)
}

func newHasher(atOnce int) (*hasher, error) {
	params := hashParams()
	dummy, err := argon2id.CreateHash("no account has this", params)
	if err != nil {
		return nil, fmt.Errorf("make the dummy hash: %w", err)
	}
	return &hasher{
		params:   params,
		admitted: make(chan struct{}, atOnce*(1+waitingPerHash)),
		slots:    make(chan struct{}, atOnce),
		dummy:    dummy,
		compare:  argon2id.ComparePasswordAndHash,
	}, nil
}

// enter takes a slot, or gives errBusy.
func (h *hasher) enter(ctx context.Context) (leave func(), err error) {
	select {
	case h.admitted <- struct{}{}:
	default:
		return nil, errBusy
	}
	patience := time.NewTimer(longestHashWait)
	defer patience.Stop()
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots; <-h.admitted }, nil
	case <-patience.C:
		err = errBusy
	case <-ctx.Done():
		err = ctx.Err()
	}
	<-h.admitted
	return nil, err
}

// Hash makes the hash of a new password.
func (h *hasher) Hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	hash, err := argon2id.CreateHash(password, h.params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// Matches reports whether hash is the password's. An empty hash is nobody's and
// takes as long.
func (h *hasher) Matches(ctx context.Context, password, hash string) (bool, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	nobody := hash == ""
	if nobody {
		hash = h.dummy
	}
	same, err := h.compare(password, hash)
	if err != nil {
		return false, fmt.Errorf("check a password: %w", err)
	}
	return same && !nobody, nil
}
