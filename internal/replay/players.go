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

// A handle is at most 20 of A-Z, a-z, 0-9, _ and -: ten of the name, a hyphen,
// five of the run and up to four of the number.
const slugLength = 10

// players registers the file's players, each once a run.
type players struct {
	client   *client.Client
	run      string // in every handle and idempotency key: a second run is another one
	password string

	mu    sync.Mutex
	byKey map[string]*registered
}

type registered struct {
	once   sync.Once
	number int
	player client.Player
	err    error
}

func newPlayers(c *client.Client) *players {
	return &players{
		client:   c,
		run:      strings.ToLower(rand.Text()[:5]),
		password: rand.Text(),
		byKey:    make(map[string]*registered),
	}
}

func (p *players) keyed(key string) *registered {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.byKey[key]
	if !ok {
		r = &registered{number: len(p.byKey)}
		p.byKey[key] = r
	}
	return r
}

// register gives the account with that key, made for a player with that name in
// the file.
func (p *players) register(ctx context.Context, key, name string) (client.Player, error) {
	r := p.keyed(key)
	r.once.Do(func() {
		handle := slug(name) + "-" + p.run + strconv.FormatInt(int64(r.number), 36)
		r.player, r.err = p.client.Register(ctx, handle, client.Registration{Handle: handle, Password: p.password})
	})
	if r.err != nil {
		return client.Player{}, fmt.Errorf("player %.60q: %w", name, r.err)
	}
	return r.player, nil
}

// slug keeps what a handle may have of a name.
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
