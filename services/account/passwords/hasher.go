// Package passwords hashes passwords, a few at a time, and limits how often wrong ones are
// tried.
package passwords

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/argon2id"
)

// hashParams are the Argon2id parameters of the OWASP Password Storage Cheat
// Sheet that suit a small machine: 19 MiB, two passes, one lane. A hash takes
// about 20 ms on one core.
func hashParams() *argon2id.Params {
	return &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

const (
	// maxWaitingPerSlot and maxHashWait are how many requests may wait for each
	// slot, and how long.
	maxWaitingPerSlot = 64
	maxHashWait       = 5 * time.Second
)

// ErrBusy says that all slots are taken and enough requests wait for them.
var ErrBusy = errors.New("too many passwords are being hashed")

// Hasher hashes a bounded number of passwords at the same time, since each needs
// 19 MiB.
type Hasher struct {
	params   *argon2id.Params
	admitted chan struct{}
	slots    chan struct{}
	// dummy is the hash to compare with if there is no account, so that an unknown
	// handle takes as long as a wrong password.
	dummy   string
	compare func(password, hash string) (bool, error)
}

// NewHasher makes a hasher that hashes as many passwords at the same time as it has slots.
func NewHasher(slots int) (*Hasher, error) {
	params := hashParams()
	dummy, err := argon2id.CreateHash("no account has this", params)
	if err != nil {
		return nil, fmt.Errorf("make the dummy hash: %w", err)
	}
	return &Hasher{
		params:   params,
		admitted: make(chan struct{}, slots*(1+maxWaitingPerSlot)),
		slots:    make(chan struct{}, slots),
		dummy:    dummy,
		compare:  argon2id.ComparePasswordAndHash,
	}, nil
}

// acquire takes a slot, or returns ErrBusy.
func (h *Hasher) acquire(ctx context.Context) (release func(), err error) {
	select {
	case h.admitted <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	timeout := time.NewTimer(maxHashWait)
	defer timeout.Stop()
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots; <-h.admitted }, nil
	case <-timeout.C:
		err = ErrBusy
	case <-ctx.Done():
		err = ctx.Err()
	}
	<-h.admitted
	return nil, err
}

// Hash returns the hash of a new password.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	release, err := h.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	hash, err := argon2id.CreateHash(password, h.params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// Matches reports whether hash is that of the password. An empty hash matches no
// password, and takes as long.
func (h *Hasher) Matches(ctx context.Context, password, hash string) (bool, error) {
	release, err := h.acquire(ctx)
	if err != nil {
		return false, err
	}
	defer release()
	noAccount := hash == ""
	if noAccount {
		hash = h.dummy
	}
	same, err := h.compare(password, hash)
	if err != nil {
		return false, fmt.Errorf("check a password: %w", err)
	}
	return same && !noAccount, nil
}
