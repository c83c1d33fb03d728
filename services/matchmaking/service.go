// Package matchmaking is the queues over HTTP, and each player's own stream of
// what happens to him.
//
//	join, leave ─► player-commands        queue-events, player-events,
//	     ▲                                game-events, command-replies
//	     └──── answers (internal/await) ◄────────┤
//	GET /v1/me/events ◄──── hub ◄────────────────┘
//	                         ▲
//	                         └──── players view (the seat as it is)
//
// An answer to join or leave comes after the queue's own event was read back.
// Every instance reads all partitions, so any of them can answer anybody.
package matchmaking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/auth"
	"tabiya/internal/await"
	"tabiya/internal/core/player"
	"tabiya/internal/core/queue"
	"tabiya/internal/httpx"
	"tabiya/internal/kafka"
	"tabiya/internal/readiness"
	"tabiya/schemas"
	"tabiya/tables"
)

// Sender sends commands and waits until they are in the log; *kafka.Producer.
type Sender interface {
	Send(ctx context.Context, messages ...schemas.Message) error
}

// Config of the service. All fields without a default must be set.
type Config struct {
	Kafka    kafka.Config // the events and command-replies topics are read from it
	Commands Sender
	// Players is the index of players. The caller runs it, after New: the
	// service listens to its updates.
	Players  *tables.View[*player.State]
	Verifier *auth.Verifier
	Regions  []string // that have queues
	// AnswerTimeout is how long a request waits for its event. Default 5 s.
	AnswerTimeout time.Duration
	// MaxStreams bounds the open GET /v1/me/events, of all players and of one.
	// Defaults 20,000 and 8.
	MaxStreams, MaxStreamsPerPlayer int
	// KeepAlive is the longest silence on a stream. Default 15 s.
	KeepAlive time.Duration
	// MaxStreamAge ends a stream, so that a token that has expired is not
	// listened with for ever. Default 1 hour.
	MaxStreamAge time.Duration
	Logger       *slog.Logger
	Registerer   prometheus.Registerer
}

// Validate sets defaults and reports the first thing that cannot work.
func (c *Config) Validate() error {
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, 5*time.Second)
	c.MaxStreams = cmp.Or(c.MaxStreams, 20_000)
	c.MaxStreamsPerPlayer = cmp.Or(c.MaxStreamsPerPlayer, 8)
	c.KeepAlive = cmp.Or(c.KeepAlive, 15*time.Second)
	c.MaxStreamAge = cmp.Or(c.MaxStreamAge, time.Hour)
	switch {
	case c.Commands == nil || c.Players == nil || c.Verifier == nil || c.Logger == nil || c.Registerer == nil:
		return errors.New("matchmaking: a part is missing")
	case len(c.Regions) == 0:
		return errors.New("matchmaking: no regions")
	case c.AnswerTimeout < 0 || c.MaxStreams < 0 || c.MaxStreamsPerPlayer < 0 || c.KeepAlive < 0 || c.MaxStreamAge < 0:
		return errors.New("matchmaking: a limit is negative")
	}
	for _, region := range c.Regions {
		if !schemas.ValidRegion(region) {
			return fmt.Errorf("matchmaking: %q cannot be a region", region)
		}
	}
	return c.Kafka.Validate()
}

// rememberedRefusals bounds their memory, about 400 bytes each.
const rememberedRefusals = 16_384

// Service answers the matchmaking endpoints.
type Service struct {
	cfg     Config
	queues  *tables.View[*queue.State]
	answers *await.Answers
	hub     *hub
	link    link
	kafka   *readiness.Dependency
	lag     *kafka.Lag
}

// New makes the service; it talks to nobody before Run.
func New(cfg Config) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Service{
		cfg:     cfg,
		queues:  tables.NewView(cfg.Kafka, tables.Queues(), cfg.Logger),
		answers: await.New(rememberedRefusals),
		hub:     newHub(cfg),
		lag:     kafka.NewLag(cfg.Kafka, "matchmaking-service", cfg.Logger),
		kafka:   readiness.New("kafka", cfg.Kafka.Session()),
	}
	cfg.Players.OnUpdate = s.hub.Row
	cfg.Registerer.MustRegister(s.lag, s.hub.open, s.hub.slow)
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

// Run reads the events and keeps the queues' view until ctx ends, or until the
// reading fails; it may be called again. All streams end with it: what they
// would miss is in the first item of the next.
func (s *Service) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	s.hub.Open()
	parts := []func(context.Context) error{s.queues.Run, s.read, s.lag.Run, s.probe, s.hub.Settle}
	ended := make(chan error, len(parts))
	for _, part := range parts {
		go func() { ended <- part(ctx) }()
	}
	var errs []error
	for range parts {
		errs = append(errs, <-ended)
		s.link.caughtUp.Store(false)
		s.hub.Close()
		cancel()
	}
	cancel()
	return errors.Join(errs...)
}

// Ready is nil once the service has caught up, and while Kafka answers. Requests
// are refused as soon as Kafka misses an answer (shut); that alone does not take
// the instance out of rotation, see package readiness.
func (s *Service) Ready() error {
	if why := s.unread(); why != "" {
		return errors.New(why)
	}
	return s.kafka.Err()
}

// shut tells why nothing can be answered; empty if it can.
func (s *Service) shut() string {
	if s.link.away.Load() {
		return "Kafka is away"
	}
	return s.unread()
}

// unread tells what the service has not caught up with; empty if it has.
func (s *Service) unread() string {
	switch {
	case !s.cfg.Players.Ready():
		return "the players are still being read"
	case !s.queues.Ready():
		return "the queues are still being read"
	case !s.link.caughtUp.Load():
		return "the events are not being read yet"
	}
	return ""
}

func (s *Service) hasRegion(region string) bool { return slices.Contains(s.cfg.Regions, region) }
