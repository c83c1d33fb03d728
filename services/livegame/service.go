package livegame

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"tabiya/internal/httpx"
	"tabiya/internal/kafka"
	"tabiya/internal/readiness"
)

// Service answers the livegame endpoints.
type Service struct {
	cfg      Config
	hub      *hub
	answers  *answers
	finished *finished
	mender   *mender
	bygones  *bygones
	crowd    *crowd
	writers  writers
	presence *presence
	gate     *gate
	lag      *kafka.Lag
	metrics  *metrics

	places     *places
	paces      *paces
	partitions atomic.Int32 // of game-events, once it is followed
	buffers    sync.Pool    // of *frameBuffer
}

// New makes the service; it talks to nobody before Run.
func New(cfg Config) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Service{
		cfg:      cfg,
		hub:      newHub(),
		finished: &finished{},
		mender:   newMender(),
		crowd:    newCrowd(),
		presence: newPresence(),
		gate:     &gate{kafka: readiness.New("kafka", cfg.Kafka.Session())},
		lag:      kafka.NewLag(cfg.Kafka, "livegame", cfg.Logger),
		places:   newPlaces(cfg),
		paces:    newPaces(cfg.FrameRate),
		buffers:  sync.Pool{New: func() any { return new(frameBuffer) }},
	}
	s.metrics = newMetrics(cfg.Registerer, s.hub,
		func() float64 { return float64(s.answers.waiting()) },
		func() float64 { return float64(s.places.now()) })
	s.bygones = newBygones(cfg.Finished, s.readGame)
	s.hub.keep = s.bygones.keep
	s.answers = newAnswers(cfg.MaxInFlight, s.metrics.latency)
	cfg.Registerer.MustRegister(s.lag)
	return s, nil
}

// Routes adds the endpoints.
func (s *Service) Routes(r gin.IRouter) {
	games := r.Group("/v1/games", httpx.Authenticate(s.cfg.Verifier))
	games.POST("", httpx.RequireService, s.create)
	games.GET("", s.list)
	games.GET("/:id", s.show)
	games.GET("/:id/events", s.stream)
	games.GET("/:id/socket", s.socket)
	tv := r.Group("/v1/tv", httpx.Authenticate(s.cfg.Verifier))
	tv.GET("", s.tv)
	tv.GET("/:speed/events", s.tvEvents)
	players := games.Group("/:id", httpx.RequirePlayer)
	players.POST("/moves", s.move)
	players.POST("/resign", s.resign)
	players.POST("/draw", s.draw)
	players.POST("/takeback", s.takeback)
	players.POST("/time", s.addTime)
	players.POST("/rematch", s.rematch)
	players.POST("/claim", s.claim)
	players.POST("/abort", s.abort)
}

// Ready is nil once the service has caught up with game-events, until it stops, and
// while Kafka has not been away for longer than a session.
func (s *Service) Ready() error { return s.gate.ready() }

// Run follows the games until ctx is done; then it lets the commands in flight
// be answered and closes the sockets and streams. It may be called again after
// an error: it goes on where it was, and watchers notice nothing.
func (s *Service) Run(ctx context.Context) error {
	client, err := kgo.NewClient(append(s.cfg.Kafka.Opts(), kgo.FetchMaxWait(time.Second))...)
	if err != nil {
		return fmt.Errorf("livegame: %w", err)
	}
	defer client.Close()
	s.gate.leaving.Store(false)
	defer s.gate.caughtUp.Store(false)
	left, err := s.begin(ctx, client)
	if err != nil {
		return fmt.Errorf("livegame: %w", err)
	}

	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, working := errgroup.WithContext(working)
	group.Go(func() error { return s.follow(working, client, left) })
	group.Go(func() error { return s.mend(working) })
	group.Go(func() error { return s.lag.Run(working) })
	group.Go(func() error { s.tidy(working); return nil })
	group.Go(func() error { s.crowd.run(working); return nil })
	group.Go(func() error { s.tellPresence(working); return nil })
	group.Go(func() error { s.gate.probe(working, client); return nil })
	group.Go(func() error {
		select {
		case <-ctx.Done():
			s.drain()
			stop()
		case <-working.Done():
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return fmt.Errorf("livegame: %w", err)
	}
	return nil
}

const (
	tidyEvery  = 100 * time.Millisecond
	drainLimit = 3 * time.Second
)

// tidy gives up commands that had no answer and lets finished games go.
func (s *Service) tidy(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			unacked := int64(0)
			if at := s.answers.expire(now.Add(-s.cfg.AnswerTimeout)); !at.IsZero() {
				unacked = at.UnixNano()
			}
			s.gate.unacked.Store(unacked)
			now = s.cfg.now()
			for _, d := range s.finished.due(now, s.cfg.MaxFinished) {
				if later := s.lastWord(d.gameID); later.After(d.at) && !now.Before(d.at) {
					s.finished.add(d.gameID, later)
					continue
				}
				s.hub.drop(d.gameID, gameOver)
			}
		}
	}
}

// lastWord is until when a finished game is held for what was said of a rematch
// since its end: the answer may need as long. Each side offers one once, so it
// comes to an end. Zero if nothing was said.
func (s *Service) lastWord(gameID string) time.Time {
	state := s.hub.state(gameID)
	if state == nil || state.UpdatedAt == state.EndedAt() {
		return time.Time{}
	}
	return state.UpdatedAt.Std().Add(s.cfg.Linger)
}

// drain takes no more commands, lets those in flight be answered, and then ends
// the sockets and streams.
func (s *Service) drain() {
	s.gate.leaving.Store(true)
	deadline := time.Now().Add(drainLimit)
	for s.answers.waiting() > 0 && time.Now().Before(deadline) {
		time.Sleep(tidyEvery / 10)
	}
	s.answers.expire(time.Now().Add(time.Hour)) // all that is left
	s.hub.each(func(id string, _ *board) { s.hub.drop(id, goingAway) })
	s.hub.running.wake() // for those whose channel shows nothing
	for s.places.now() > 0 && time.Now().Before(deadline) {
		time.Sleep(tidyEvery / 10)
	}
}
