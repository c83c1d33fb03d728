// Package matchmaking serves the queues over HTTP, and to each player a stream
// of their own notifications.
//
//	join, leave ─► player-commands             queue-events, player-events,
//	     ▲                                     game-events, command-replies
//	     └──── answers (internal/await) ◄─────────────┤
//	GET /v1/me/events ◄──── subscriptions ◄───────────┘
//	                              ▲
//	                              └──── players view (the present seat)
//
// Join and leave are answered once the queue's own event was read back. Every
// instance reads all partitions, so any of them can answer any player.
package matchmaking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"tabiya/internal/auth"
	"tabiya/internal/await"
	"tabiya/internal/core/player"
	"tabiya/internal/core/queue"
	"tabiya/internal/httpx"
	"tabiya/internal/kafka"
	"tabiya/internal/ratelimit"
	"tabiya/internal/readiness"
	"tabiya/schemas"
	"tabiya/services/matchmaking/leases"
	"tabiya/services/matchmaking/subscriptions"
	"tabiya/tables"
)

// Sender sends commands and waits until they are in the log; *kafka.Producer.
type Sender = leases.Sender

// Config configures the service. All fields without a default must be set.
type Config struct {
	Kafka    kafka.Config
	Commands Sender
	// Players is the index of players. The caller runs it, after New, which sets
	// its OnUpdate.
	Players  *tables.View[*player.State]
	Verifier *auth.Verifier
	Regions  []string // regions that have queues
	// AnswerTimeout is how long a request waits for its event. Default 5 s.
	AnswerTimeout time.Duration
	// RequestRate is how many joins and leaves a second a player may send, with ten
	// seconds' worth at once: each costs the log two records or more. Default 2.
	RequestRate int
	// MaxStreams, MaxStreamsPerPlayer and MaxStreamsPerAddress (for IPv6 per /64) bound
	// the open GET /v1/me/events. Defaults 20,000, 8, and a tenth of MaxStreams.
	MaxStreams, MaxStreamsPerPlayer, MaxStreamsPerAddress int
	// KeepAlive is the longest silence on a stream. Default 15 s.
	KeepAlive time.Duration
	// MaxStreamAge ends a stream, since its token is checked only when it opens.
	// Default 1 hour.
	MaxStreamAge time.Duration
	Logger       *slog.Logger
	Registerer   prometheus.Registerer
}

// Validate sets defaults and reports the first thing that cannot work.
func (c *Config) Validate() error {
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, 5*time.Second)
	c.RequestRate = cmp.Or(c.RequestRate, 2)
	c.MaxStreams = cmp.Or(c.MaxStreams, 20_000)
	c.MaxStreamsPerPlayer = cmp.Or(c.MaxStreamsPerPlayer, 8)
	c.MaxStreamsPerAddress = cmp.Or(c.MaxStreamsPerAddress, max(1, c.MaxStreams/10))
	c.KeepAlive = cmp.Or(c.KeepAlive, 15*time.Second)
	c.MaxStreamAge = cmp.Or(c.MaxStreamAge, time.Hour)
	switch {
	case c.Commands == nil || c.Players == nil || c.Verifier == nil || c.Logger == nil || c.Registerer == nil:
		return errors.New("matchmaking: a required field is missing")
	case len(c.Regions) == 0:
		return errors.New("matchmaking: no regions")
	case c.AnswerTimeout < 0 || c.RequestRate < 0 || min(c.MaxStreams, c.MaxStreamsPerPlayer, c.MaxStreamsPerAddress) < 0 || c.KeepAlive < 0 || c.MaxStreamAge < 0:
		return errors.New("matchmaking: a limit is negative")
	}
	for _, region := range c.Regions {
		if !schemas.ValidRegion(region) {
			return fmt.Errorf("matchmaking: %q is not a valid region", region)
		}
	}
	return c.Kafka.Validate()
}

// rememberedRefusals bounds their memory, about 400 bytes each.
const rememberedRefusals = 16_384

// rememberedRates bounds the players whose rate is remembered, about 300 bytes each.
const rememberedRates = 16_384

// Service answers the matchmaking endpoints.
type Service struct {
	cfg     Config
	queues  *tables.View[*queue.State]
	answers *await.Answers
	lag     *kafka.Lag
	rates   *ratelimit.Keyed[string] // of joins and leaves, by player id

	unknown       *kafka.UnknownTypes
	skipped       *prometheus.CounterVec // records that could not be decoded, by topic
	subscriptions *subscriptions.Registry
	leases        *leases.Keeper
	caughtUp      atomic.Bool
	// unreachable is the outcome of the last ping, for refusing requests at once;
	// readiness allows a grace period.
	unreachable atomic.Bool
	readiness   *readiness.Status
}

// New makes the service and registers its metrics. It does not connect to Kafka
// before Run.
func New(cfg Config) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Service{
		cfg:     cfg,
		queues:  tables.NewView(cfg.Kafka, tables.Queues(), cfg.Logger),
		answers: await.New(rememberedRefusals),
		lag:     kafka.NewLag(cfg.Kafka, "matchmaking-service", cfg.Logger),
		rates: ratelimit.New(func() *rate.Limiter {
			return rate.NewLimiter(rate.Limit(cfg.RequestRate), 10*cfg.RequestRate)
		}, rememberedRates, strings.Clone),

		unknown: kafka.NewUnknownTypes(cfg.Logger),
		skipped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tabiya_matchmaking_records_skipped_total", Help: "Records that could not be decoded, by topic.",
		}, []string{"topic"}),
		subscriptions: subscriptions.New(subscriptions.Limits{All: cfg.MaxStreams, PerPlayer: cfg.MaxStreamsPerPlayer, PerNetwork: cfg.MaxStreamsPerAddress}),
		readiness:     readiness.New("kafka", cfg.Kafka.Session()),
	}
	s.leases = leases.New(leases.Config{
		Sender: cfg.Commands, Connected: s.subscriptions.Has, Queues: s.eachQueue, Logger: cfg.Logger,
	})
	cfg.Players.OnUpdate = s.subscriptions.UpdateRow
	cfg.Registerer.MustRegister(s.lag, s.skipped, s.leases.Collector())
	cfg.Registerer.MustRegister(s.subscriptions.Collectors()...)
	return s, nil
}

// Routes adds the endpoints.
func (s *Service) Routes(r gin.IRouter) {
	g := r.Group("/v1", httpx.Authenticate(s.cfg.Verifier))
	g.GET("/queues", s.list)
	g.POST("/queues/:queue/join", httpx.RequirePlayer, s.join)
	g.POST("/queues/:queue/leave", httpx.RequirePlayer, s.leave)
	g.GET("/me/events", httpx.RequirePlayer, s.events)
}

// Run follows the events and the queues' view until ctx is done or following
// fails. It may be called again. All streams end with it; the first notification
// of a new stream carries what it missed.
func (s *Service) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	s.subscriptions.Open()
	parts := []func(context.Context) error{s.queues.Run, s.follow, s.lag.Run, s.probe, s.subscriptions.Reconcile, s.leases.Run}
	ended := make(chan error, len(parts))
	for _, part := range parts {
		go func() { ended <- part(ctx) }()
	}
	errs := make([]error, 0, len(parts))
	for range parts {
		errs = append(errs, <-ended)
		s.caughtUp.Store(false)
		s.subscriptions.Close()
		cancel()
	}
	cancel()
	return errors.Join(errs...)
}

// Ready is nil once the service has caught up, and while Kafka answers. Requests
// are refused as soon as Kafka misses an answer, see unavailable. That alone does
// not take the instance out of rotation, see package readiness.
func (s *Service) Ready() error {
	if reason := s.notCaughtUp(); reason != "" {
		return errors.New(reason)
	}
	return s.readiness.Err()
}

// unavailable tells why requests cannot be answered; empty if they can.
func (s *Service) unavailable() string {
	if s.unreachable.Load() {
		return "Kafka cannot be reached"
	}
	return s.notCaughtUp()
}

// notCaughtUp tells what the service has not read yet; empty if it has read all.
func (s *Service) notCaughtUp() string {
	switch {
	case !s.cfg.Players.Ready():
		return "the index of players is still loading"
	case !s.queues.Ready():
		return "the queues are still loading"
	case !s.caughtUp.Load():
		return "the events are not being read yet"
	}
	return ""
}

func (s *Service) hasRegion(region string) bool { return slices.Contains(s.cfg.Regions, region) }
