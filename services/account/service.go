// Package account serves accounts, sessions and public player profiles over
// HTTP. Accounts are stored in PostgreSQL. Their public part goes to the players
// processor in commands, through a transactional outbox:
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
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"tabiya/internal/auth"
	"tabiya/internal/httpx"
	"tabiya/internal/postgres"
	"tabiya/internal/ratelimit"
	"tabiya/internal/readiness"
	"tabiya/schemas"
	"tabiya/services/account/passwords"
	"tabiya/services/account/ratings"
	"tabiya/services/account/relay"
)

// Config configures the service. All fields without a default must be set.
type Config struct {
	Pool     *pgxpool.Pool
	Commands relay.Sender
	Players  Players // the index of players, for ratings and handles; the caller runs it
	Signer   *auth.Signer
	Verifier *auth.Verifier
	// Regions are the home regions to choose from; the first is the default.
	Regions []string
	// TokenTTL is how long a token is valid: default 12 hours, at most
	// auth.MaxTokenLife.
	TokenTTL time.Duration
	// MaxHashes is how many passwords are hashed at the same time, with 19 MiB of
	// memory each. Default: half of the processors, so that moves have the others.
	MaxHashes int
	// PasswordRate is how many requests with a password one network may send in a
	// minute, and at once. 0 is no limit.
	PasswordRate int
	Logger       *slog.Logger
	Registerer   prometheus.Registerer
	Now          func() time.Time // default time.Now
}

// Validate sets defaults and reports the first thing that cannot work.
func (c *Config) Validate() error {
	if c.TokenTTL == 0 {
		c.TokenTTL = 12 * time.Hour
	}
	if c.MaxHashes == 0 {
		c.MaxHashes = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	switch {
	case c.Pool == nil || c.Commands == nil || c.Players == nil || c.Signer == nil || c.Verifier == nil || c.Logger == nil || c.Registerer == nil:
		return errors.New("account: a required field is missing")
	case len(c.Regions) == 0:
		return errors.New("account: no regions")
	case c.TokenTTL < 0 || c.MaxHashes < 0 || c.PasswordRate < 0:
		return errors.New("account: a limit is negative")
	case c.TokenTTL > auth.MaxTokenLife:
		return fmt.Errorf("account: tokens may live for %v at most", auth.MaxTokenLife)
	}
	for _, region := range c.Regions {
		if !schemas.ValidRegion(region) {
			return fmt.Errorf("account: %q is not a valid region", region)
		}
	}
	return nil
}

// hasher makes and checks the hashes of passwords; *passwords.Hasher.
type hasher interface {
	Hash(ctx context.Context, password string) (string, error)
	// Matches takes as long for an empty hash, which matches nothing.
	Matches(ctx context.Context, password, hash string) (bool, error)
}

// Service answers the account endpoints and runs the outbox relay.
type Service struct {
	cfg       Config
	accounts  store
	hashes    hasher
	relay     *relay.Relay
	attempts  *passwords.Attempts
	signOuts  *ratelimit.Keyed[string] // by player id
	pace      *ratelimit.Keyed[string] // by client network; nil: none
	boards    *ratings.Handlers
	refused   prometheus.Counter // requests, by the pace
	lost      prometheus.Counter // registrations with the handle of a player without account
	behind    prometheus.Counter // requests about an account that is later in the log
	readiness *readiness.Status
}

// New makes the service and registers its metrics. It does not connect to
// anything before Run.
func New(cfg Config) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	hashes, err := passwords.NewHasher(cfg.MaxHashes)
	if err != nil {
		return nil, err
	}
	refused := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tabiya_passwords_refused_total", Help: "Requests with a password refused because their network sent too many.",
	})
	lost := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tabiya_accounts_lost_total", Help: "Registrations refused because the log knows a player with the handle, whose account the database lacks.",
	})
	behind := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tabiya_accounts_behind_total", Help: "Sign-ins and changes refused because the log has a later state of the account than the database.",
	})
	cfg.Registerer.MustRegister(refused, lost, behind)
	s := &Service{
		cfg:      cfg,
		accounts: store{cfg.Pool, postgres.NewBreaker("account", cfg.Logger, cfg.Registerer)},
		hashes:   hashes,
		relay:    relay.New(cfg.Pool, cfg.Commands, cfg.Logger, cfg.Registerer),
		attempts: passwords.NewAttempts(cfg.Now),
		signOuts: ratelimit.New(func() *rate.Limiter {
			return rate.NewLimiter(signOutPerSecond, signOutBurst)
		}, rememberedRates, strings.Clone),
		pace:      newPace(cfg.PasswordRate),
		refused:   refused,
		lost:      lost,
		behind:    behind,
		readiness: readiness.New("postgres", 0),
	}
	s.boards = ratings.New(ratings.Config{
		Pool: cfg.Pool, Breaker: s.accounts.breaker, Fail: s.fail,
		Now: func() time.Time { return s.cfg.Now() },
		PlayerID: func(c *gin.Context) (string, error) {
			a, err := s.accountOf(c)
			return a.ID, err
		},
	})
	return s, nil
}

// Routes adds the endpoints.
func (s *Service) Routes(r gin.IRouter) {
	g := r.Group("/v1", httpx.Authenticate(s.cfg.Verifier))
	g.POST("/accounts", s.create)
	g.POST("/accounts/password", s.setPassword)
	g.POST("/sessions", s.signIn)
	g.DELETE("/sessions", httpx.RequirePlayer, s.signOutEverywhere)
	g.DELETE("/sessions/current", httpx.RequirePlayer, s.signOut)
	g.GET("/accounts/me", httpx.RequirePlayer, s.own)
	g.PATCH("/accounts/me", httpx.RequirePlayer, s.update)
	g.DELETE("/accounts/me", httpx.RequirePlayer, s.close)
	g.GET("/players/:player", s.player)
	g.GET("/players/:player/ratings/:speed", s.boards.Days)
	g.GET("/leaderboards/:speed", s.boards.Leaderboard)
}

// Run publishes the outbox until ctx is done.
func (s *Service) Run(ctx context.Context) error {
	var background sync.WaitGroup
	background.Go(func() { s.readiness.Watch(ctx, s.accounts.Check) })
	s.relay.Run(ctx)
	background.Wait()
	return nil
}

// Ready is nil while the database answers and has the service's tables; see readiness.GracePeriod. Kafka need
// not answer: the outbox waits for it.
func (s *Service) Ready() error { return s.readiness.Err() }

// fail answers a request with the error that its handler met.
func (s *Service) fail(c *gin.Context, err error) {
	switch {
	case errors.Is(err, errNoAccount):
		httpx.Fail(c, schemas.CodePlayerNotFound, "no such account")
	case errors.Is(err, errHandleTaken):
		httpx.Fail(c, schemas.CodeHandleTaken, err.Error())
	case errors.Is(err, errEmailTaken):
		httpx.Fail(c, schemas.CodeEmailTaken, err.Error())
	case errors.Is(err, errTooManyHashes), errors.Is(err, errTooManyWrong):
		httpx.Fail(c, schemas.CodeRateLimited, err.Error())
	case errors.Is(err, passwords.ErrBusy):
		httpx.Fail(c, schemas.CodeUnavailable, err.Error())
	case errors.Is(err, errPlayersUnread), errors.Is(err, errBehind):
		httpx.Fail(c, schemas.CodeUnavailable, err.Error())
	case errors.Is(err, errStale):
		httpx.Fail(c, schemas.CodeUnavailable, "the account is being changed by other requests; try again")
	case errors.Is(err, postgres.ErrUnavailable):
		s.cfg.Logger.Warn("postgres unavailable", "err", err, "request_id", httpx.RequestID(c))
		httpx.Fail(c, schemas.CodeUnavailable, "the database cannot be reached")
	case c.Request.Context().Err() != nil:
		c.Abort() // the client has gone
	default:
		httpx.FailErr(c, s.cfg.Logger, err)
	}
}
