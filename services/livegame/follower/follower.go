// Package follower reads game-events and command-replies, and folds the events into
// the held games. If a game lacks an event, it reads the game's row from games-table.
package follower

import (
	"context"
	"errors"
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

// How far back from a partition's last record the follower begins, at least.
//
// A processor hands a command's row and events to its producer together: the row
// first, each to another topic. Either may reach its broker first, and a killed
// processor may have written either without the other. While a partition of one topic
// cannot be written, its records wait without a time limit (ADR 31). But a command is
// committed only when all of them are acknowledged. So the rows, which Start reads after
// it has asked for the commits and noted the ends of game-events, can lack only events of
// commands that were not committed then, and the follower begins before the first of those
// (unfinishedSince). The 30 s are for a group without commits. They are measured from the
// partition's last record, not from now, because a processor that was killed an hour ago
// emitted its last events then.
const (
	eventsBack  = 30 * time.Second
	repliesBack = 10 * time.Minute
)

// wakeEvery is the number of records after which watchers are woken. A larger one
// would delay the first event of a fetch; a smaller one would wake a watcher once for
// each of its events.
const wakeEvery = 32

// Config configures a Follower. All fields must be set.
type Config struct {
	Kafka kafka.Config
	Games *held.Games
	Lag   *kafka.Lag

	// OnEvent is called with each event that changed a game, OnReply with each reply
	// to a command for a game. They must not block.
	OnEvent func(held.Folded)
	OnReply func(schemas.Reply)
	// OnPulse is called with each PulseHandled. It must not block either.
	OnPulse func(schemas.Reply)
	// OnCaughtUp is called when all records before the noted ends are handled.
	OnCaughtUp func()
	// DeadLetter sends an undecodable record to the dead-letter topic.
	DeadLetter func(*kgo.Record)
	// RereadPause is the wait between two reads of a row that lacks an event; it
	// doubles after each read.
	RereadPause time.Duration

	Logger  *slog.Logger
	Events  prometheus.Counter     // events folded
	Skipped *prometheus.CounterVec // records that could not be decoded or applied, by topic
	Rereads prometheus.Counter     // reads of games-table because a game lacked an event
	Unknown *prometheus.CounterVec // records of a type that this release does not know, by topic
}

// Follower reads game-events and command-replies.
type Follower struct {
	cfg        Config
	incomplete *incompleteGames
	topics     *follow.Reader
	woken      []*outbox.Outbox
	unknown    *kafka.UnknownTypes
}

// New creates a Follower. It reads nothing before Start.
func New(cfg Config) *Follower {
	return &Follower{cfg: cfg, incomplete: newIncompleteGames(), unknown: kafka.NewUnknownTypes(cfg.Logger)}
}

// Start asks for the commits, notes the ends of the topics, and then reads games-table and installs its
// rows. It returns the number of partitions of game-events.
func (f *Follower) Start(ctx context.Context, client *kgo.Client) (partitions int, err error) {
	unfinished, err := unfinishedSince(ctx, client)
	if err != nil {
		return 0, fmt.Errorf("find commands that are not finished: %w", err)
	}
	f.topics, err = follow.Start(ctx, client, f.cfg.Lag,
		follow.Topic{Name: schemas.GameEvents, Back: eventsBack, Since: unfinished},
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

// Run reads the topics from the offsets that Start noted, until ctx is done.
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

// wake wakes the watchers whose outboxes have got events.
func (f *Follower) wake() {
	outbox.WakeAll(f.woken)
	clear(f.woken)
	f.woken = f.woken[:0]
}

// take handles one record. What it holds was written by others: nothing in it may end
// the process.
func (f *Follower) take(r *kgo.Record) {
	defer func() {
		if p := recover(); p != nil {
			f.skip(r, fmt.Errorf("panic: %v", p))
		}
	}()
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
	folded, result, err := f.cfg.Games.Fold(held.Event{Event: ev, Envelope: r.Value, At: schemas.TimeOf(time.Now())},
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

// takeReply handles a reply to a game command and ignores others. Every instance sends
// an undecodable reply to the dead letters, and again after a restart within
// repliesBack, so that a killed instance loses none; copies have the same source
// header. Undecodable events are sent to the dead letters by the sinks.
func (f *Follower) takeReply(r *kgo.Record) {
	reply, err := schemas.DecodeReply(r.Value)
	switch {
	case errors.Is(err, schemas.ErrUnknownType):
		f.skip(r, err)
	case err != nil:
		f.skip(r, err)
		f.cfg.DeadLetter(kafka.DeadLetter(r.Topic, r.Partition, r.Offset, r.Key, r.Value, err))
	case reply.Type == schemas.PulseHandled:
		f.cfg.OnPulse(reply)
	case awaitsReply(reply.CommandType):
		f.cfg.OnReply(reply)
	}
}

// awaitsReply reports whether a request or frame may wait for the reply to a command
// of this kind.
func awaitsReply(kind schemas.CommandType) bool {
	switch kind {
	case schemas.CreateGame, schemas.PlayMove, schemas.Resign, schemas.AbortGame,
		schemas.OfferDraw, schemas.AcceptDraw, schemas.DeclineDraw, schemas.ClaimDraw,
		schemas.OfferTakeback, schemas.AcceptTakeback, schemas.DeclineTakeback, schemas.AddTime,
		schemas.OfferRematch, schemas.AcceptRematch, schemas.DeclineRematch, schemas.ClaimVanished:
		return true
	}
	return false
}

// skip counts and logs a record that could not be decoded or applied. The record stays
// in its topic.
func (f *Follower) skip(r *kgo.Record, err error) {
	if errors.Is(err, schemas.ErrUnknownType) {
		f.cfg.Unknown.WithLabelValues(r.Topic).Inc()
		f.unknown.Log(r, err)
		return
	}
	f.cfg.Skipped.WithLabelValues(r.Topic).Inc()
	f.cfg.Logger.Error("record skipped", "err", err, "topic", r.Topic, "partition", r.Partition, "offset", r.Offset)
}
