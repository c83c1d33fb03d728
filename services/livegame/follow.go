package livegame

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// wakeEvery is after how many records of a fetch the watchers are woken: often
// enough that the first does not wait for the last, seldom enough that a
// watcher with several frames is woken once.
const wakeEvery = 32

// follow folds game-events and hears command-replies until ctx is done.
func (s *Service) follow(ctx context.Context, client *kgo.Client, left *catchUp) error {
	if left.done() {
		s.gate.readAll()
	}
	var woken []*outbox
	for {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil
		}
		var failed error
		fetches.EachError(func(topic string, partition int32, err error) {
			failed = errors.Join(failed, fmt.Errorf("fetch %s/%d: %w", topic, partition, err))
		})
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			for i, r := range p.Records {
				s.handle(r, left, &woken)
				if i%wakeEvery == wakeEvery-1 {
					wake(woken)
					woken = woken[:0]
				}
			}
			if n := len(p.Records); n > 0 {
				last := p.Records[n-1]
				left.reached(p.Topic, p.Partition, last.Offset+1)
				s.lag.Progress(p.Topic, p.Partition, last.Offset+1, last.Timestamp)
			}
		})
		wake(woken)
		clear(woken)
		woken = woken[:0]
		if failed != nil {
			return failed
		}
		if left.done() {
			s.gate.readAll()
		}
	}
}

func (s *Service) handle(r *kgo.Record, left *catchUp, woken *[]*outbox) {
	if r.Topic == schemas.CommandReplies {
		s.hear(r)
		return
	}
	ev, err := schemas.DecodeEvent(r.Value)
	if err != nil {
		s.skip(r, err)
		return
	}
	b := s.hub.board(ev.Key)
	if b == nil {
		if ev.Seq > 1 && left.within(r.Topic, r.Partition) {
			return // no row: the game ended and is not held any more
		}
		s.bygones.forget(ev.Key)
		b = s.hub.add(ev.Key)
	}
	f, how, err := b.fold(logged{ev, r.Value, schemas.TimeOf(r.Timestamp)}, woken)
	switch {
	case err != nil:
		s.skip(r, err)
		s.mender.want(ev.Key, 0)
	case how == gap:
		s.mender.want(ev.Key, 0)
	case how == stepped:
		s.metrics.events.Inc()
		if f.late {
			s.bygones.forget(ev.Key)
		}
		if ev.Seq == 1 {
			s.hub.arrived(ev.Key)
			s.hub.running.note(b)
		}
		if ev.Type.Terminal() {
			s.hub.running.note(b)
			s.finished.add(ev.Key, s.until(ev, left.within(r.Topic, r.Partition)))
		}
		s.learned(f)
	}
}

// learned hands on what was folded.
func (s *Service) learned(f folded) {
	if left, ok := f.event.Payload.(*schemas.PlayerLeftPayload); ok {
		s.presence.toldGone(seatKey{f.event.Key, left.Color}, time.Now())
	}
	s.answers.event(f)
}

// until is how long a game that ended with ev is held.
func (s *Service) until(ev schemas.Event, old bool) time.Time {
	if old {
		return ev.OccurredAt.Std().Add(s.cfg.Linger)
	}
	return s.cfg.now().Add(s.cfg.Linger)
}

// hear takes a reply. Those to commands of other aggregates are for others.
func (s *Service) hear(r *kgo.Record) {
	reply, err := schemas.DecodeReply(r.Value)
	switch {
	case err != nil:
		s.skip(r, err)
		s.deadLetter(r, err)
	case !ours(reply.CommandType):
	case reply.Type == schemas.CommandRejected:
		s.answers.reject(reply)
	default:
		s.repeated(reply)
	}
}

// deadLetter puts a reply aside that nobody can read. Each instance does so, and
// again when it starts within repliesBack, so one that dies before it is sent
// loses nothing; the copies have the same source. Events are put aside by the sinks.
func (s *Service) deadLetter(r *kgo.Record, why error) {
	s.cfg.Commands.SendRecordAsync(kafka.DeadLetter(r.Topic, r.Partition, r.Offset, r.Key, r.Value, why), func(err error) {
		if err != nil {
			s.cfg.Logger.Error("dead letter not sent", "err", err, "topic", r.Topic, "partition", r.Partition, "offset", r.Offset)
		}
	})
}

// ours reports whether this service sends such commands and is answered.
func ours(kind schemas.CommandType) bool {
	switch kind {
	case schemas.CreateGame, schemas.PlayMove, schemas.Resign, schemas.AbortGame,
		schemas.OfferDraw, schemas.AcceptDraw, schemas.DeclineDraw, schemas.ClaimDraw,
		schemas.OfferTakeback, schemas.AcceptTakeback, schemas.DeclineTakeback, schemas.AddTime,
		schemas.OfferRematch, schemas.AcceptRematch, schemas.DeclineRematch, schemas.ClaimVanished:
		return true
	}
	return false
}

// skip says once in the log what could not be read; the record's own topic keeps it.
func (s *Service) skip(r *kgo.Record, err error) {
	s.metrics.skipped.WithLabelValues(r.Topic).Inc()
	s.cfg.Logger.Error("record skipped", "err", err, "topic", r.Topic, "partition", r.Partition, "offset", r.Offset)
}
