// Package history serves finished games from PostgreSQL: one game, or the games
// of a player page by page, as JSON, NDJSON or PGN.
package history

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"tabiya/internal/auth"
	"tabiya/internal/httpx"
	"tabiya/internal/postgres"
	"tabiya/internal/readiness"
	"tabiya/schemas"
)

// Config configures the service. All fields without a default must be set.
type Config struct {
	Pool     *pgxpool.Pool
	Verifier *auth.Verifier
	// MaxStreams bounds the exports at the same time, each of which holds an encoded
	// page in memory. Default 128.
	MaxStreams int
	// MaxPages bounds the exports that read a page from the database at the same time;
	// the others wait in turn. Default 8.
	MaxPages   int
	Logger     *slog.Logger
	Registerer prometheus.Registerer
}

// Validate sets defaults and reports the first thing that cannot work.
func (c *Config) Validate() error {
	if c.MaxStreams == 0 {
		c.MaxStreams = 128
	}
	if c.MaxPages == 0 {
		c.MaxPages = 8
	}
	switch {
	case c.Pool == nil || c.Verifier == nil || c.Logger == nil || c.Registerer == nil:
		return errors.New("history: a required field is missing")
	case c.MaxStreams < 0 || c.MaxPages < 0:
		return errors.New("history: a limit is negative")
	}
	return nil
}

// Service answers the history endpoints.
type Service struct {
	cfg       Config
	games     *store
	exports   exports
	pages     *semaphore.Weighted // in the order of their requests
	readiness *readiness.Status
}

// New makes the service and registers its metrics.
func New(cfg Config) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return &Service{
		cfg:       cfg,
		games:     newStore(cfg.Pool, cfg.Logger, cfg.Registerer),
		exports:   exports{max: cfg.MaxStreams, now: time.Now},
		pages:     semaphore.NewWeighted(int64(cfg.MaxPages)),
		readiness: readiness.New("postgres", 0),
	}, nil
}

// Routes adds the endpoints. They need no token, but one that is sent must be
// valid.
func (s *Service) Routes(r gin.IRouter) {
	g := r.Group("/v1/history", httpx.Authenticate(s.cfg.Verifier))
	g.GET("/games/:game", s.game)
	g.GET("/players/:player/games", s.list)
}

// Run checks whether the database answers, until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	s.readiness.Watch(ctx, s.cfg.Pool.Ping)
	return nil
}

// Ready is nil while the database answers; see readiness.GracePeriod.
func (s *Service) Ready() error { return s.readiness.Err() }

// fail answers a request with the error that its handler met.
func (s *Service) fail(c *gin.Context, err error) {
	switch {
	case errors.Is(err, errNoGame):
		httpx.Fail(c, schemas.CodeGameNotFound, "no such finished game")
	case errors.Is(err, postgres.ErrUnavailable):
		httpx.Fail(c, schemas.CodeUnavailable, "the database cannot be reached")
	case c.Request.Context().Err() != nil:
		c.Abort() // the client has gone
	default:
		httpx.FailErr(c, s.cfg.Logger, err)
	}
}
