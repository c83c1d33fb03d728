package livegame

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"tabiya/internal/core/game"
	"tabiya/internal/httpx"
	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/services/livegame/actions"
	"tabiya/services/livegame/availability"
	"tabiya/services/livegame/finished"
	"tabiya/services/livegame/follower"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/limits"
	"tabiya/services/livegame/lookup"
	"tabiya/services/livegame/newgame"
	"tabiya/services/livegame/outbox"
	"tabiya/services/livegame/pending"
	"tabiya/services/livegame/presence"
	"tabiya/services/livegame/protocol"
	"tabiya/services/livegame/standstill"
	"tabiya/services/livegame/wsconn"
)

// Service answers the livegame endpoints.
type Service struct {
	cfg Config

	availability *availability.Monitor
	games        *held.Games
	finished     *finished.Games
	lookup       *lookup.Finder
	commands     *pending.Commands
	follower     *follower.Follower
	presence     *presence.Tracker
	standstill   *standstill.Tracker
	sockets      *wsconn.Server
	connections  *limits.Connections
	players      *limits.Players
	actions      *actions.Handler
	newgame      *newgame.Handler

	partitions atomic.Int32 // of game-events
	pulseKeys  pulseKeys
	lag        *kafka.Lag
	metrics    *metrics
}

// New creates a Service. It does not connect to Kafka before Run.
func New(cfg Config) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Service{
		cfg:          cfg,
		availability: availability.New(cfg.Kafka.Session()),
		sockets:      wsconn.NewServer(protocol.MaxFrame),
		connections:  limits.NewConnections(cfg.MaxConnections, cfg.MaxPerPlayer, cfg.MaxPerAddress),
		players: limits.NewPlayers(limits.PlayerConfig{
			PerSecond: cfg.MessagesPerSecond, OpensPerSecond: opensPerSecond(cfg), InFlight: cfg.MaxPerPlayerInFlight, RefusedPerSecond: cfg.RefusedPerSecond,
		}),
		lag:     kafka.NewLag(cfg.Kafka, "livegame", cfg.Logger),
		metrics: newMetrics(),
	}
	if cfg.Counts != nil {
		s.availability.Topics = func() error {
			_, err := cfg.Counts.Partitions(schemas.GameEvents)
			return err
		}
	}
	s.finished = finished.New(cfg.History, finished.LogReader{
		Kafka: cfg.Kafka, Partitions: s.eventPartitions,
		MaxBytes: cfg.MaxLogBytes, BytesPerSecond: cfg.LogBytesPerSecond, BytesRead: s.metrics.logBytes,
	})
	s.games = held.New(held.Config{
		Linger: cfg.Linger, MaxFinished: cfg.MaxFinished,
		OnEvict: s.finished.Remember, OnUnheldEvent: s.finished.Forget,
		NoteFor: func(state *game.State) (outbox.Item, bool) { return s.standstill.Note(state) },
		Now:     cfg.now,
	})
	s.standstill = standstill.New(s.games, s.pulseKeyOf)
	s.lookup = &lookup.Finder{
		Games: s.games, Finished: s.finished, Availability: s.availability, Logger: cfg.Logger,
		Reread: func(gameID string) { s.follower.Reread(gameID) },
	}
	s.commands = pending.New(pending.Config{
		Sender: cfg.Commands, Availability: s.availability, StateAt: s.lookup.StateAt,
		Timeout: cfg.AnswerTimeout, Limit: cfg.MaxInFlight, Logger: cfg.Logger,
		Latency: s.metrics.latency, Answered: s.metrics.answered, KnownCode: httpx.Known,
	})
	s.presence = presence.New(s.games, cfg.Commands, s.availability)
	s.actions = &actions.Handler{
		Games: s.games, Finished: s.finished, Availability: s.availability, Presence: s.presence, Commands: s.commands,
		Limits: s.players, Players: cfg.Players, Region: cfg.Regions[0], Disconnects: s.disconnects, Unsent: s.metrics.unsent,
	}
	s.newgame = &newgame.Handler{
		Games: s.games, Lookup: s.lookup, Availability: s.availability, Commands: s.commands,
		Players: cfg.Players, Regions: cfg.Regions, AnswerTimeout: cfg.AnswerTimeout, Logger: cfg.Logger,
	}
	s.follower = follower.New(follower.Config{
		Kafka: cfg.Kafka, Games: s.games, Lag: s.lag,
		OnEvent: func(f held.Folded) {
			s.presence.OnEvent(f.Event)
			s.commands.OnEvent(f)
		},
		OnReply:     s.commands.OnReply,
		OnPulse:     s.standstill.OnReply,
		OnCaughtUp:  s.availability.SetCaughtUp,
		DeadLetter:  s.sendDeadLetter,
		RereadPause: cfg.RereadPause,
		Logger:      cfg.Logger, Events: s.metrics.events, Skipped: s.metrics.skipped, Unknown: s.metrics.unknown, Rereads: s.metrics.rereads,
	})
	s.metrics.register(cfg.Registerer, s)
	return s, nil
}

// eventPartitions returns over how many partitions the keys of game-events are spread.
func (s *Service) eventPartitions() int32 {
	if s.cfg.Counts != nil {
		if n, err := s.cfg.Counts.Partitions(schemas.GameEvents); err == nil {
			return n
		}
	}
	return s.partitions.Load()
}

// pulseKeyOf returns the pulse key of a game's partition, or "" before the number of
// partitions is known.
func (s *Service) pulseKeyOf(gameID string) string {
	n := s.eventPartitions() // game-commands has as many
	if n == 0 {
		return ""
	}
	return s.pulseKeys.of(kafka.PartitionOf(gameID, n), n)
}

// Ready returns nil while the service follows game-events and Kafka answers. An
// outage counts once it is longer than the session timeout.
func (s *Service) Ready() error { return s.availability.Ready() }

// Run follows the games until ctx is done; then it waits for the commands in flight
// and closes the sockets and streams. It may be called again after an error: it
// notes the ends of the topics anew and reads games-table again. The games stay held
// meanwhile, so watchers stay connected and miss no event.
func (s *Service) Run(ctx context.Context) error {
	client, err := kgo.NewClient(append(s.cfg.Kafka.Opts(), kgo.FetchMaxWait(time.Second))...)
	if err != nil {
		return fmt.Errorf("livegame: %w", err)
	}
	defer client.Close()
	s.availability.ClearStopping()
	defer s.availability.SetNotFollowing()
	partitions, err := s.follower.Start(ctx, client)
	if err != nil {
		return fmt.Errorf("livegame: %w", err)
	}
	s.partitions.Store(int32(partitions))

	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, working := errgroup.WithContext(working)
	group.Go(func() error { return s.follower.Run(working) })
	group.Go(func() error { return s.follower.RunRereads(working) })
	group.Go(func() error { return s.lag.Run(working) })
	group.Go(func() error { s.games.Run(working); return nil })
	group.Go(func() error { s.commands.Run(working); return nil })
	group.Go(func() error { s.presence.Run(working); return nil })
	group.Go(func() error { s.giveSignsOfLife(working); return nil })
	group.Go(func() error { s.standstill.Run(working); return nil })
	group.Go(func() error { s.availability.Run(working, client); return nil })
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
	drainTimeout = 3 * time.Second
	drainPoll    = 10 * time.Millisecond
)

// drain refuses new commands, waits for those in flight, and then ends the sockets
// and streams.
func (s *Service) drain() {
	s.availability.SetStopping()
	deadline := time.Now().Add(drainTimeout)
	s.commands.Drain(deadline)
	s.games.EvictAll(outbox.GoingAway)
	for s.connections.Len() > 0 && time.Now().Before(deadline) {
		time.Sleep(drainPoll)
	}
}

// sendDeadLetter sends a dead letter, without waiting for its acknowledgement.
func (s *Service) sendDeadLetter(r *kgo.Record) {
	s.cfg.Commands.SendRecordAsync(r, func(err error) {
		if err != nil {
			s.cfg.Logger.Error("dead letter not sent", "err", err, "topic", r.Topic, "source", string(kafka.Header(r, schemas.HeaderSource)))
		}
	})
}
