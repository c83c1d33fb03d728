// Package sessions follows player-events and tells an auth.Sessions which sessions have
// ended. Every process that verifies tokens has one Follower.
//
//	POST, DELETE /v1/... ─► account ─► outbox ─► player-commands ─► players ─► player-events ─► Follower
package sessions

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/auth"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/follow"
	"tabiya/schemas"
)

const (
	// maxWait is how long a broker may wait for records: an ended session is known
	// within a second.
	maxWait     = 250 * time.Millisecond
	forgetEvery = time.Minute
)

// Follower follows the events of players.
type Follower struct {
	cfg      kafka.Config
	sessions *auth.Sessions
	logger   *slog.Logger
	lag      *kafka.Lag
	known    prometheus.Gauge
	caughtUp atomic.Bool
}

// New makes a follower and registers its metrics. Until it has read all that matters
// once, sessions are loading. It does not connect to Kafka before Run.
func New(cfg kafka.Config, sessions *auth.Sessions, logger *slog.Logger, registerer prometheus.Registerer) *Follower {
	sessions.BeginLoading()
	f := &Follower{
		cfg: cfg, sessions: sessions, logger: logger, lag: kafka.NewLag(cfg, "sessions", logger),
		known: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tabiya_ended_sessions_players", Help: "Players of whom an ended session is remembered.",
		}),
	}
	registerer.MustRegister(f.lag, f.known)
	return f
}

// Ready is nil once all that matters was read. While Kafka cannot be reached, what was
// read stays in force.
func (f *Follower) Ready() error {
	if !f.caughtUp.Load() {
		return errors.New("the ended sessions are still being read")
	}
	return nil
}

// Run follows the events until ctx is done or following fails. It may be called again.
func (f *Follower) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client, err := kgo.NewClient(append(f.cfg.Opts(), kgo.FetchMaxWait(maxWait))...)
	if err != nil {
		return fmt.Errorf("follow ended sessions: %w", err)
	}
	defer client.Close()
	reader, err := follow.Start(ctx, client, f.lag, follow.Topic{Name: schemas.PlayerEvents, Back: auth.Remembered})
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- f.lag.Run(ctx) }()
	err = reader.Run(ctx, follow.Handler{Records: f.handle, Polled: f.forget(), CaughtUp: f.setCaughtUp})
	cancel()
	return errors.Join(err, <-ended)
}

func (f *Follower) setCaughtUp() {
	f.known.Set(float64(f.sessions.Forget(time.Now())))
	f.sessions.Loaded()
	if !f.caughtUp.Swap(true) {
		f.logger.Info("ended sessions read")
	}
}

// forget returns a function that now and then drops what is too old to matter.
func (f *Follower) forget() func() {
	last := time.Now()
	return func() {
		if now := time.Now(); now.Sub(last) >= forgetEvery {
			last = now
			f.known.Set(float64(f.sessions.Forget(now)))
		}
	}
}

// handle folds records. Most are of rated games, which their header tells.
func (f *Follower) handle(records []*kgo.Record) {
	for _, r := range records {
		switch schemas.EventType(kafka.Header(r, schemas.HeaderType)) {
		case schemas.SessionsEnded, schemas.PlayerClosed:
		default:
			continue
		}
		ev, err := schemas.DecodeEvent(r.Value)
		if err != nil {
			f.logger.Error("record skipped", "err", err, "topic", r.Topic, "partition", r.Partition, "offset", r.Offset)
			continue
		}
		f.sessions.Apply(ev.Key, ev.Payload, ev.OccurredAt)
	}
}
