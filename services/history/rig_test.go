package history

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"log/slog"
	"math/rand/v2"
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
	"tabiya/internal/core/rules"
	"tabiya/internal/httpx"
	"tabiya/internal/postgres"
	"tabiya/schemas"
	"tabiya/services/openapi/openapitest"
)

// house is the service over a database of its own.
type house struct {
	*Service
	t      *testing.T
	server *httptest.Server
	signer *auth.Signer
}

func build(t *testing.T, pool *pgxpool.Pool) *house {
	t.Helper()
	key, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(testWriter{t}, nil))
	h := &house{t: t, signer: auth.NewSigner(key)}
	h.Service, err = New(Config{
		Pool: pool, Verifier: auth.NewVerifier(key.Public().(ed25519.PublicKey), time.Now),
		Logger: logger, Registerer: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	engine := httpx.New(logger, prometheus.NewRegistry())
	h.Routes(engine)
	h.server = httptest.NewServer(engine)
	t.Cleanup(h.server.Close)
	return h
}

// readyIs waits until the service is ready, or not.
func (h *house) readyIs(want bool) {
	h.t.Helper()
	for giveUp := time.Now().Add(30 * time.Second); (h.Ready() == nil) != want; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(giveUp) {
			h.t.Fatalf("ready is not %v: %v", want, h.Ready())
		}
	}
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", bytes.TrimSpace(p))
	return len(p), nil
}

// get asks, checks the answer against the OpenAPI document and reads it whole.
func (h *house) get(path, accept string, headers ...string) (*http.Response, []byte) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), "GET", h.server.URL+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := h.server.Client().Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	openapitest.Validate(h.t, req, resp)
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return resp, body
}

func (h *house) read(path string, out any, headers ...string) {
	h.t.Helper()
	resp, body := h.get(path, "", headers...)
	if err := json.Unmarshal(body, out); err != nil || resp.StatusCode != http.StatusOK {
		h.t.Fatalf("%s: %d %s: %v", path, resp.StatusCode, body, err)
	}
}

func (h *house) refused(want schemas.Code, path, accept string, headers ...string) {
	h.t.Helper()
	resp, body := h.get(path, accept, headers...)
	var p httpx.Problem
	if err := json.Unmarshal(body, &p); err != nil || p.Code != want || resp.StatusCode != httpx.Status(want) || resp.Header.Get("Content-Type") != "application/problem+json" {
		h.t.Errorf("%s: %d %s, want %s", path, resp.StatusCode, body, want)
	}
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		h.t.Errorf("%s: no Retry-After", path)
	}
}

// play makes games of a player against a few opponents, several of them at the
// same moment, over three months.
func play(r *rand.Rand, me string, n int) []finished {
	foes := []string{schemas.NewID(), schemas.NewID(), schemas.NewID()}
	start := schemas.TimeOf(time.Date(2026, 1, 30, 12, 0, 0, 0, time.UTC))
	games := make([]finished, n)
	for i := range games {
		g := finished{ID: schemas.NewID(), Region: "eu"}
		own, foe := schemas.Seated{PlayerID: me, Handle: "Me", Rating: 1500.5}, schemas.Seated{PlayerID: foes[r.IntN(3)], Handle: "Foe", Rating: 1612}
		g.White, g.Black = own, foe
		if r.IntN(2) == 0 {
			g.White, g.Black = foe, own
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

// save writes games as the postgres sink does.
func save(t *testing.T, pool *pgxpool.Pool, games []finished) {
	t.Helper()
	if err := postgres.EnsurePartitions(t.Context(), pool, games[len(games)-1].EndedAt.Std(), games[0].EndedAt.Std()); err != nil {
		t.Fatal(err)
	}
	var batch pgx.Batch
	for _, g := range games {
		batch.Queue(`INSERT INTO games (game_id, ended_at, created_at, region, speed, rated, queue, white_id, white_handle, white_rating,
			black_id, black_handle, black_rating, initial_cs, increment_cs, result, termination, plies, moves, clocks_cs, start_fen, fen, event_id, event_seq, private, rematch)
			VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22,$23,$24,$25,$26)`,
			g.ID, g.EndedAt.Std(), g.CreatedAt.Std(), g.Region, string(g.Speed), g.Rated, g.Queue, g.White.PlayerID, g.White.Handle, g.White.Rating,
			g.Black.PlayerID, g.Black.Handle, g.Black.Rating, g.TimeControl.InitialCs, g.TimeControl.IncrementCs, string(g.Result), string(g.Termination),
			g.Plies, strings.Join(g.Moves, " "), g.ClocksCs, g.StartFEN, g.FEN, schemas.EventID(g.ID, 6), 6, g.Private, g.Rematch)
		for _, side := range []struct {
			own, foe schemas.Seated
			color    schemas.Color
		}{{g.White, g.Black, schemas.White}, {g.Black, g.White, schemas.Black}} {
			batch.Queue(`INSERT INTO player_games (player_id, ended_at, game_id, color, result, rating, opponent_id, opponent_handle, opponent_rating,
				region, speed, rated, initial_cs, increment_cs, termination, plies, private) VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17)`,
				side.own.PlayerID, g.EndedAt.Std(), g.ID, string(side.color), outcome(g, side.color == schemas.White), side.own.Rating, side.foe.PlayerID, side.foe.Handle, side.foe.Rating,
				g.Region, string(g.Speed), g.Rated, g.TimeControl.InitialCs, g.TimeControl.IncrementCs, string(g.Termination), g.Plies, g.Private)
		}
	}
	if err := pool.SendBatch(t.Context(), &batch).Close(); err != nil {
		t.Fatal(err)
	}
}
