// Package account is the accounts, the sessions and the players' public facts
// over HTTP. An account lives in PostgreSQL; what the world may know of it goes
// to the players processor as a command, by a transactional outbox:
//
//	POST /v1/accounts ─► one transaction: accounts + outbox ─► 201
//	                                          │
//	                                          └─► relay ─► player-commands
package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/auth"
	"tabiya/internal/httpx"
	"tabiya/internal/postgres"
	"tabiya/internal/readiness"
	"tabiya/schemas"
)

// Sender sends commands and waits until they are in the log; *kafka.Producer.
type Sender interface {
	Send(ctx context.Context, messages ...schemas.Message) error
}

// Config of the service. All fields without a default must be set.
type Config struct {
	Pool     *pgxpool.Pool
	Commands Sender
	Players  Players // the index with the ratings; the caller runs it
	Signer   *auth.Signer
	Verifier *auth.Verifier
	// Regions that a player may call home; the first is the default.
	Regions []string
	// TokenTTL is how long a token is good. It cannot be taken back, so it is
	// short. Default 12 hours.
	TokenTTL time.Duration
	// HashesAtOnce bounds the memory for passwords: 19 MiB each. Default 2.
	HashesAtOnce int
	Logger       *slog.Logger
	Registerer   prometheus.Registerer
	Now          func() time.Time // default time.Now
}

// Validate reports the first thing that cannot work, after defaults are set.
func (c *Config) Validate() error {
	if c.TokenTTL == 0 {
		c.TokenTTL = 12 * time.Hour
	}
	if c.HashesAtOnce == 0 {
		c.HashesAtOnce = 2
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	switch {
	case c.Pool == nil || c.Commands == nil || c.Players == nil || c.Signer == nil || c.Verifier == nil || c.Logger == nil || c.Registerer == nil:
		return errors.New("account: a part is missing")
	case len(c.Regions) == 0:
		return errors.New("account: no regions")
	case c.TokenTTL < 0 || c.HashesAtOnce < 0:
		return errors.New("account: a limit is negative")
	}
	for _, region := range c.Regions {
		if !schemas.ValidRegion(region) {
			return fmt.Errorf("account: %q cannot be a region", region)
		}
	}
	return nil
}

// Service answers the account endpoints and runs the outbox relay.
type Service struct {
	cfg      Config
	accounts store
	hashes   *hasher
	relay    *relay
	attempts *attempts
	database *readiness.Dependency
}

// New makes the service; it talks to nobody yet.
func New(cfg Config) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	hashes, err := newHasher(cfg.HashesAtOnce)
	if err != nil {
		return nil, err
	}
	return &Service{
		cfg:      cfg,
		accounts: store{cfg.Pool, postgres.NewBreaker("account", cfg.Logger, cfg.Registerer)},
		hashes:   hashes,
		relay:    newRelay(cfg.Pool, cfg.Commands, cfg.Logger, cfg.Registerer),
		attempts: newAttempts(cfg.Now),
		database: readiness.New("postgres", 0),
	}, nil
}

// Routes adds the endpoints.
func (s *Service) Routes(r gin.IRouter) {
	g := r.Group("/v1", httpx.Authenticate(s.cfg.Verifier))
	g.POST("/accounts", s.create)
	g.POST("/sessions", s.signIn)
	g.GET("/accounts/me", httpx.RequirePlayer, s.own)
	g.PATCH("/accounts/me", httpx.RequirePlayer, s.update)
	g.DELETE("/accounts/me", httpx.RequirePlayer, s.close)
	g.GET("/players/:player", s.player)
}

// Run publishes the outbox until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var running sync.WaitGroup
	running.Go(func() { s.database.Watch(ctx, s.cfg.Pool.Ping) })
	s.relay.Run(ctx)
	running.Wait()
	return nil
}

// Ready is nil while the database answers; see readiness.Patience. Kafka may be
// away: the outbox waits for it.
func (s *Service) Ready() error { return s.database.Err() }

// fail answers what went wrong behind a handler.
func (s *Service) fail(c *gin.Context, err error) {
	switch {
	case errors.Is(err, errNoAccount):
		httpx.Fail(c, schemas.CodePlayerNotFound, "there is no such account")
	case errors.Is(err, errHandleTaken):
		httpx.Fail(c, schemas.CodeHandleTaken, err.Error())
	case errors.Is(err, errEmailTaken):
		httpx.Fail(c, schemas.CodeEmailTaken, err.Error())
	case errors.Is(err, errBusy):
		httpx.Fail(c, schemas.CodeUnavailable, err.Error())
	case errors.Is(err, errStale):
		httpx.Fail(c, schemas.CodeUnavailable, "the account changes too often: try again")
	case errors.Is(err, postgres.ErrUnavailable):
		s.cfg.Logger.Warn("postgres is away", "err", err, "request_id", httpx.RequestID(c))
		httpx.Fail(c, schemas.CodeUnavailable, "the database is away")
	case c.Request.Context().Err() != nil:
		c.Abort() // the client has gone
	default:
		httpx.FailErr(c, s.cfg.Logger, err)
	}
}
