package history

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"tabiya/internal/postgres"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/internal/readiness"
	"tabiya/schemas"
)

// cable is the way to the database; it can be cut.
type cable struct {
	cut   atomic.Bool
	dials atomic.Int64
	// left counts the writes until it is cut by itself; negative: never.
	left atomic.Int64

	mu    sync.Mutex
	conns []net.Conn
}

var errCut = errors.New("the cable is cut")

func (w *cable) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.dials.Add(1)
	if w.cut.Load() {
		return nil, &net.OpError{Op: "dial", Err: errCut}
	}
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.conns = append(w.conns, c)
	return &end{c, w}, nil
}

func (w *cable) down() {
	w.cut.Store(true)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		c.Close()
	}
	w.conns = nil
}

type end struct {
	net.Conn
	cable *cable
}

func (e *end) Write(p []byte) (int, error) {
	if e.cable.left.Load() >= 0 && e.cable.left.Add(-1) < 0 {
		e.cable.down()
	}
	return e.Conn.Write(p)
}

func wire(t *testing.T) (*cable, *pgxpool.Pool) {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(postgrestest.New(t).DSN)
	if err != nil {
		t.Fatal(err)
	}
	w := &cable{}
	w.left.Store(-1)
	cfg.ConnConfig.DialFunc = w.dial
	cfg.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return w, pool
}

func TestADatabaseThatIsAwayIsA503AndIsNotAskedByEveryRequest(t *testing.T) {
	t.Parallel()
	w, pool := wire(t)
	h := build(t, pool)
	me := schemas.NewID()
	games := play(rand.New(rand.NewPCG(5, 5)), me, 3)
	save(t, pool, games)
	h.database = readiness.New("postgres", time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	watched := make(chan error)
	go func() { watched <- h.Run(ctx) }()
	h.readyIs(true)
	w.down()
	h.readyIs(false)
	cancel() // its dials are not the requests'
	<-watched
	for range postgres.FailuresToOpen {
		h.refused(schemas.CodeUnavailable, "/v1/history/games/"+games[0].ID, "")
	}
	before := w.dials.Load()
	for range 20 {
		h.refused(schemas.CodeUnavailable, "/v1/history/games/"+games[0].ID, "")
		h.refused(schemas.CodeUnavailable, "/v1/history/players/"+me+"/games", mediaNDJSON)
	}
	if n := w.dials.Load() - before; n > 6 {
		t.Errorf("%d of 40 requests went to a database that is away", n)
	}
	w.cut.Store(false)
	for resp := (*http.Response)(nil); resp == nil || resp.StatusCode != http.StatusOK; {
		resp, _ = h.get("/v1/history/games/"+games[0].ID, "")
	}
	var page pageView
	h.read("/v1/history/players/"+me+"/games", &page)
}

func TestAnExportThatLosesTheDatabaseDoesNotEndProperly(t *testing.T) {
	t.Parallel()
	w, pool := wire(t)
	h := build(t, pool)
	me := schemas.NewID()
	games := play(rand.New(rand.NewPCG(6, 6)), me, 5*streamPage)
	save(t, pool, games)
	w.left.Store(4) // of 5 pages, and what goes with them
	req, err := http.NewRequestWithContext(t.Context(), "GET", h.server.URL+"/v1/history/players/"+me+"/games", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", mediaNDJSON)
	resp, err := h.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if n := strings.Count(string(body), "\n"); err == nil || n == 0 || n == len(games) || n%streamPage != 0 {
		t.Fatalf("%d of %d games, then %v", n, len(games), err)
	}
	w.left.Store(-1)
}
