// Package follower reads game-events and command-replies, folds the events into the
// held games, and reads games again from games-table where an event is missing.
package follower

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/follow"
	"tabiya/schemas"
	"tabiya/services/livegame/held"
	"tabiya/services/livegame/outbox"
)

// How far the follower goes back from a partition's last record.
//
// A row is written after its event, and a killed processor may have written either
// one without the other. So the rows, which are read after the end offsets were
// noted, can lack what the partition's processor had just emitted, and nothing else:
// it gives up when a row is not acknowledged within kafka.Config.SendTimeout. The
// time is counted from the partition's last record, not from the present: a
// partition whose processor was killed an hour ago had its last events then.
const (
	eventsBack  = 30 * time.Second
	repliesBack = 10 * time.Minute
)

// wakeEvery is after how many records watchers are woken: often enough that the
// first event does not wait for the last, seldom enough that a watcher with several
// events is woken once.
const wakeEvery = 32

// Config of a follower. All fields must be set.
type Config struct {
	Kafka kafka.Config
	Games *held.Games
	Lag   *kafka.Lag

	// OnEvent is called with each event that changed a game, OnReply with each reply
	// to a command for a game. They must not block.
	OnEvent func(held.Folded)
	OnReply func(schemas.Reply)
	// OnCaughtUp is called when all that was in the topics at the start is read.
	OnCaughtUp func()
	// DeadLetter puts a record aside that cannot be decoded.
	DeadLetter func(*kgo.Record)
	// RereadPause is the pause before a row is read a second time; it doubles after
	// each try.
	RereadPause time.Duration

	Logger  *slog.Logger
	Events  prometheus.Counter     // events folded
	Skipped *prometheus.CounterVec // records that could not be decoded or applied, by topic
	Rereads prometheus.Counter     // readings of games-table because an event was missing
}

// Follower reads the topics.
type Follower struct {
	cfg     Config
	missing *missing
	topics  *follow.Follower
	woken   []*outbox.Outbox
}

// New makes a follower; it reads nothing before Start.
func New(cfg Config) *Follower { return &Follower{cfg: cfg, missing: newMissing()} }

// Start notes where the topics end and then installs the rows of games-table. It
// returns the number of partitions of game-events.
func (f *Follower) Start(ctx context.Context, client *kgo.Client) (partitions int, err error) {
	f.topics, err = follow.Start(ctx, client, f.cfg.Lag,
		follow.Topic{Name: schemas.GameEvents, Back: eventsBack},
		follow.Topic{Name: schemas.CommandReplies, Back: repliesBack})
	if err != nil {
		return 0, err
	}
	rows, err := f.readRows(ctx, func(string) bool { return true })
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", schemas.GamesTable, err)
	}
	f.cfg.Games.Load(rows, func(gameID string, row held.Row) { f.install(gameID, row) })
	return f.topics.Partitions(schemas.GameEvents), nil
}

// Run follows the topics from where Start has set them, until ctx is done.
func (f *Follower) Run(ctx context.Context) error {
	return f.topics.Run(ctx, follow.Handler{
		Records: func(records []*kgo.Record) {
			for i, r := range records {
				f.take(r)
				if i%wakeEvery == wakeEvery-1 {
					f.wake()
				}
			}
		},
		Polled:   f.wake,
		CaughtUp: f.cfg.OnCaughtUp,
	})
}

// wake wakes the watchers that were sent something.
func (f *Follower) wake() {
	outbox.WakeAll(f.woken)
	clear(f.woken)
	f.woken = f.woken[:0]
}

func (f *Follower) take(r *kgo.Record) {
	if r.Topic == schemas.CommandReplies {
		f.takeReply(r)
		return
	}
	f.takeEvent(r)
}

func (f *Follower) takeEvent(r *kgo.Record) {
	ev, err := schemas.DecodeEvent(r.Value)
	if err != nil {
		f.skip(r, err)
		return
	}
	folded, result, err := f.cfg.Games.Fold(held.Event{Event: ev, Envelope: r.Value, At: schemas.TimeOf(r.Timestamp)},
		f.topics.Behind(r.Topic, r.Partition), &f.woken)
	switch {
	case err != nil:
		f.skip(r, err)
		f.Reread(ev.Key)
	case result == held.Gap:
		f.Reread(ev.Key)
	case result == held.Applied:
		f.cfg.Events.Inc()
		f.cfg.OnEvent(folded)
	}
}

// takeReply takes a reply. Those to commands of other aggregates are not for games.
// What cannot be decoded goes to the dead letters. Each instance sends it there, and
// again when it starts within repliesBack, so an instance that dies before it has
// sent it loses nothing; the copies name the same source. Events that cannot be
// decoded are put aside by the sinks.
func (f *Follower) takeReply(r *kgo.Record) {
	reply, err := schemas.DecodeReply(r.Value)
	switch {
	case err != nil:
		f.skip(r, err)
		f.cfg.DeadLetter(kafka.DeadLetter(r.Topic, r.Partition, r.Offset, r.Key, r.Value, err))
	case forGames(reply.CommandType):
		f.cfg.OnReply(reply)
	}
}

// forGames reports whether a command is one that this service sends and is
// answered for.
func forGames(kind schemas.CommandType) bool {
	switch kind {
	case schemas.CreateGame, schemas.PlayMove, schemas.Resign, schemas.AbortGame,
		schemas.OfferDraw, schemas.AcceptDraw, schemas.DeclineDraw, schemas.ClaimDraw,
		schemas.OfferTakeback, schemas.AcceptTakeback, schemas.DeclineTakeback, schemas.AddTime,
		schemas.OfferRematch, schemas.AcceptRematch, schemas.DeclineRematch, schemas.ClaimVanished:
		return true
	}
	return false
}

// skip counts and logs a record that cannot be used; its topic still has it.
func (f *Follower) skip(r *kgo.Record, err error) {
	f.cfg.Skipped.WithLabelValues(r.Topic).Inc()
	f.cfg.Logger.Error("record skipped", "err", err, "topic", r.Topic, "partition", r.Partition, "offset", r.Offset)
}
