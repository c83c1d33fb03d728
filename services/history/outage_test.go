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

	"tabiya/internal/eventually"
	"tabiya/internal/postgres"
	"tabiya/internal/postgres/postgrestest"
	"tabiya/internal/readiness"
	"tabiya/schemas"
)

// network connects to the database, and can be cut.
type network struct {
	cut   atomic.Bool
	dials atomic.Int64
	// left is the number of writes after which it is cut; never if negative.
	left atomic.Int64

	mu    sync.Mutex
	conns []net.Conn
}

var errCut = errors.New("the network is cut")

func (n *network) dial(ctx context.Context, protocol, address string) (net.Conn, error) {
	n.dials.Add(1)
	if n.cut.Load() {
		return nil, &net.OpError{Op: "dial", Err: errCut}
	}
	c, err := (&net.Dialer{}).DialContext(ctx, protocol, address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.conns = append(n.conns, c)
	return &conn{c, n}, nil
}

func (n *network) down() {
	n.cut.Store(true)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		c.Close()
	}
	n.conns = nil
}

type conn struct {
	net.Conn
	network *network
}

func (c *conn) Write(p []byte) (int, error) {
	if c.network.left.Load() >= 0 && c.network.left.Add(-1) < 0 {
		c.network.down()
	}
	return c.Conn.Write(p)
}

func newNetwork(t *testing.T) (*network, *pgxpool.Pool) {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(postgrestest.New(t).DSN)
	if err != nil {
		t.Fatal(err)
	}
	n := &network{}
	n.left.Store(-1)
	cfg.ConnConfig.DialFunc = n.dial
	cfg.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return n, pool
}

func TestRequestsRefusedWithoutDatabaseAndFewReachIt(t *testing.T) {
	t.Parallel()
	network, pool := newNetwork(t)
	rig := newRig(t, pool)
	playerID := schemas.NewID()
	games := randomGames(rand.New(rand.NewPCG(5, 5)), playerID, 3)
	save(t, pool, games)
	rig.readiness = readiness.New("postgres", time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- rig.Run(ctx) }()
	eventually.NoError(t, "ready", rig.Ready)
	network.down()
	eventually.True(t, "not ready without a database", func() bool { return rig.Ready() != nil })
	cancel() // only the dials of requests are counted below
	<-ended
	for range postgres.FailuresToOpen {
		rig.wantRefused(schemas.CodeUnavailable, "/v1/history/games/"+games[0].ID, "")
	}
	before := network.dials.Load()
	for range 20 {
		rig.wantRefused(schemas.CodeUnavailable, "/v1/history/games/"+games[0].ID, "")
		rig.wantRefused(schemas.CodeUnavailable, "/v1/history/players/"+playerID+"/games", mediaNDJSON)
	}
	if n := network.dials.Load() - before; n > 6 {
		t.Errorf("%d of 40 requests connected to the database", n)
	}
	network.cut.Store(false)
	for resp := (*http.Response)(nil); resp == nil || resp.StatusCode != http.StatusOK; {
		resp, _ = rig.get("/v1/history/games/"+games[0].ID, "")
	}
	var page pageView
	rig.read("/v1/history/players/"+playerID+"/games", &page)
}

func TestExportAbortedWhenDatabaseFails(t *testing.T) {
	t.Parallel()
	network, pool := newNetwork(t)
	rig := newRig(t, pool)
	playerID := schemas.NewID()
	games := randomGames(rand.New(rand.NewPCG(6, 6)), playerID, 5*streamPage)
	save(t, pool, games)
	network.left.Store(4) // enough for some of the 5 pages
	req, err := http.NewRequestWithContext(t.Context(), "GET", rig.server.URL+"/v1/history/players/"+playerID+"/games", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", mediaNDJSON)
	resp, err := rig.server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if n := strings.Count(string(body), "\n"); err == nil || n == 0 || n == len(games) || n%streamPage != 0 {
		t.Fatalf("%d of %d games, then %v", n, len(games), err)
	}
	network.left.Store(-1)
}
