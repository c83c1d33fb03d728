package history

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/auth"
	"tabiya/internal/core/pgn"
	"tabiya/internal/core/rules"
	"tabiya/internal/httpx"
	"tabiya/internal/postgres"
	"tabiya/schemas"
	"tabiya/services/openapi/openapitest"
)

// rig is the service with a database of its own.
type rig struct {
	*Service
	t      *testing.T
	server *httptest.Server
	signer *auth.Signer
}

func newRig(t *testing.T, pool *pgxpool.Pool, tune ...func(*Config)) *rig {
	t.Helper()
	key, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(testWriter{t}, nil))
	r := &rig{t: t, signer: auth.NewSigner(key)}
	cfg := Config{
		Pool: pool, Verifier: auth.NewVerifier(key.Public().(ed25519.PublicKey), time.Now),
		Logger: logger, Registerer: prometheus.NewRegistry(),
	}
	for _, f := range tune {
		f(&cfg)
	}
	r.Service, err = New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	engine := httpx.New(logger, prometheus.NewRegistry())
	r.Routes(engine)
	r.server = httptest.NewUnstartedServer(engine)
	// So that a client that does not read is noticed after a few kilobytes.
	r.server.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		_ = conn.(*net.TCPConn).SetWriteBuffer(4 << 10)
		return ctx
	}
	r.server.Start()
	t.Cleanup(r.server.Close)
	return r
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(p))
	return len(p), nil
}

// get sends a request, checks the response against the OpenAPI document and
// returns it with its body.
func (r *rig) get(path, accept string, headers ...string) (*http.Response, []byte) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), "GET", r.server.URL+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := r.server.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	openapitest.Validate(r.t, req, resp)
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp, body
}

// read requests JSON and decodes it into out.
func (r *rig) read(path string, out any, headers ...string) {
	r.t.Helper()
	resp, body := r.get(path, "", headers...)
	if err := json.Unmarshal(body, out); err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %d %s: %v", path, resp.StatusCode, body, err)
	}
}

// wantRefused sends a request that must be refused with a code.
func (r *rig) wantRefused(want schemas.Code, path, accept string, headers ...string) {
	r.t.Helper()
	resp, body := r.get(path, accept, headers...)
	var p httpx.Problem
	if err := json.Unmarshal(body, &p); err != nil || p.Code != want || resp.StatusCode != httpx.Status(want) || resp.Header.Get("Content-Type") != "application/problem+json" {
		r.t.Errorf("%s: %d %s, want %s", path, resp.StatusCode, body, want)
	}
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		r.t.Errorf("%s: no Retry-After", path)
	}
}

// randomGames makes games of a player against three opponents, over three months.
// Several end at the same time.
func randomGames(r *rand.Rand, playerID string, n int) []finished {
	opponents := []string{schemas.NewID(), schemas.NewID(), schemas.NewID()}
	start := schemas.TimeOf(time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC))
	games := make([]finished, n)
	for i := range games {
		g := finished{ID: schemas.NewID(), Region: "eu"}
		own, opponent := schemas.Seated{PlayerID: playerID, Handle: "Player", Rating: 1500.5}, schemas.Seated{PlayerID: opponents[r.IntN(3)], Handle: "Opponent", Rating: 1612}
		g.White, g.Black = own, opponent
		if r.IntN(2) == 0 {
			g.White, g.Black = opponent, own
		}
		pool := []string{"1+0", "3+2", "15+10"}[r.IntN(3)]
		g.TimeControl, _ = schemas.PoolTimeControl(pool)
		g.Speed, g.Rated, g.Queue = g.TimeControl.Speed(), r.IntN(2) == 0, schemas.QueueKey("eu", pool, 0)
		g.Result = []schemas.Result{schemas.WhiteWins, schemas.BlackWins, schemas.Draw, schemas.NoResult}[r.IntN(4)]
		g.Termination = schemas.Resignation
		g.EndedAt = start + schemas.Time(r.IntN(n/3+1))*schemas.Time(24*time.Hour/time.Millisecond)/8
		g.CreatedAt = g.EndedAt.Add(-3 * time.Minute)
		g.StartFEN, g.FEN = rules.StartFEN, "rnbqkbnr/pppp1ppp/8/4p3/4P3/5N2/PPPP1PPP/RNBQKB1R b KQkq - 1 2"
		g.Moves, g.ClocksCs, g.Plies = []string{"e2e4", "e7e5", "g1f3"}, []int64{18000, 17950, 18123}, 3
		if g.Rated {
			gain, loss := 1+float64(i)/4, -2-float64(i)/4
			g.Changes = pgn.Changes{White: &gain, Black: &loss}
		}
		if i%4 == 0 {
			g.RestoredCs = &schemas.Clocks{WhiteCs: int64(i), BlackCs: 2100}
		}
		games[i] = g
	}
	slices.SortFunc(games, func(a, b finished) int {
		if a.EndedAt != b.EndedAt {
			return int(b.EndedAt - a.EndedAt)
		}
		return strings.Compare(b.ID, a.ID)
	})
	return games
}

func outcome(g finished, white bool) string {
	switch {
	case g.Result == schemas.Draw:
		return "draw"
	case g.Result == schemas.NoResult:
		return "none"
	case (g.Result == schemas.WhiteWins) == white:
		return "win"
	default:
		return "loss"
	}
}

// save stores games as the postgres sink does.
func save(t *testing.T, pool *pgxpool.Pool, games []finished) {
	t.Helper()
	if err := postgres.EnsurePartitions(t.Context(), pool, games[len(games)-1].EndedAt.Std(), games[0].EndedAt.Std()); err != nil {
		t.Fatal(err)
	}
	var batch pgx.Batch
	for _, g := range games {
		batch.Queue(`INSERT INTO games (game_id, ended_at, created_at, region, speed, rated, queue, white_id, white_handle, white_rating,
			black_id, black_handle, black_rating, initial_cs, increment_cs, result, termination, plies, moves, clocks_cs, start_fen, fen, event_id, event_seq, private, rematch, white_restored_cs, black_restored_cs)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26,$27,$28)`,
			g.ID, g.EndedAt.Std(), g.CreatedAt.Std(), g.Region, string(g.Speed), g.Rated, g.Queue, g.White.PlayerID, g.White.Handle, g.White.Rating,
			g.Black.PlayerID, g.Black.Handle, g.Black.Rating, g.TimeControl.InitialCs, g.TimeControl.IncrementCs, string(g.Result), string(g.Termination),
			g.Plies, strings.Join(g.Moves, " "), g.ClocksCs, g.StartFEN, g.FEN, schemas.EventID(g.ID, 6), 6, g.Private, g.Rematch, restored(g).WhiteCs, restored(g).BlackCs)
		for _, side := range []struct {
			own, opponent schemas.Seated
			color         schemas.Color
			change        *float64
		}{{g.White, g.Black, schemas.White, g.Changes.White}, {g.Black, g.White, schemas.Black, g.Changes.Black}} {
			if side.change != nil {
				batch.Queue(`INSERT INTO ratings (player_id, game_id, speed, rated_at, rating, deviation, volatility, change, games) VALUES ($1,$2,$3,$4,$5,80,0.06,$6,9)`,
					side.own.PlayerID, g.ID, string(g.Speed), g.EndedAt.Std(), side.own.Rating+*side.change, *side.change)
			}
			batch.Queue(`INSERT INTO player_games (player_id, ended_at, game_id, color, result, rating, opponent_id, opponent_handle, opponent_rating,
				region, speed, rated, initial_cs, increment_cs, termination, plies, private) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)`,
				side.own.PlayerID, g.EndedAt.Std(), g.ID, string(side.color), outcome(g, side.color == schemas.White), side.own.Rating, side.opponent.PlayerID, side.opponent.Handle, side.opponent.Rating,
				g.Region, string(g.Speed), g.Rated, g.TimeControl.InitialCs, g.TimeControl.IncrementCs, string(g.Termination), g.Plies, g.Private)
		}
	}
	if err := pool.SendBatch(t.Context(), &batch).Close(); err != nil {
		t.Fatal(err)
	}
}

func restored(g finished) schemas.Clocks {
	if g.RestoredCs == nil {
		return schemas.Clocks{}
	}
	return *g.RestoredCs
}
