package replay

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"tabiya/internal/client"
)

// A handle has at most 20 characters of A-Z, a-z, 0-9, _ and -. Here that is ten of
// the name, a hyphen, five for the run and up to four for the number.
const slugLength = 10

// players registers accounts for the players in the file.
type players struct {
	client   *client.Client
	token    string // of the service; may be empty
	run      string // random, in every handle and idempotency key, so that runs do not collide
	password string

	mu       sync.Mutex
	accounts map[string]*account
}

type account struct {
	once   sync.Once
	number int
	player client.Player
	err    error
}

func newPlayers(c *client.Client, serviceToken string) *players {
	return &players{
		client:   c,
		token:    serviceToken,
		run:      strings.ToLower(rand.Text()[:5]),
		password: rand.Text(),
		accounts: make(map[string]*account),
	}
}

func (p *players) account(key string) *account {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.accounts[key]
	if !ok {
		r = &account{number: len(p.accounts)}
		p.accounts[key] = r
	}
	return r
}

// register returns the account for key, and registers it the first time. Its handle
// is derived from the player's name in the file.
func (p *players) register(ctx context.Context, key, name string) (client.Player, error) {
	r := p.account(key)
	r.once.Do(func() {
		handle := slug(name) + "-" + p.run + strconv.FormatInt(int64(r.number), 36)
		r.player, r.err = p.client.Register(ctx, handle, client.Registration{Handle: handle, Password: p.password, ServiceToken: p.token})
	})
	if r.err != nil {
		return client.Player{}, fmt.Errorf("player %.60q: %w", name, r.err)
	}
	return r.player, nil
}

// slug turns a name into the start of a handle.
func slug(name string) string {
	var b strings.Builder
	for _, c := range name {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == slugLength {
			break
		}
	}
	if s := strings.Trim(b.String(), "-"); s != "" {
		return s
	}
	return "player"
}
