package livegame

import (
	"context"
	"time"

	"tabiya/internal/core/game"
	"tabiya/schemas"
)

// ask sends a command and has done called once with what became of it. done may
// be called before ask returns, and must not block. what tells one command of
// a kind from another: the same command id must ask for the same.
func (s *Service) ask(cmd schemas.Command, what string, done func(outcome)) {
	told := func(o outcome) {
		s.metrics.answered.WithLabelValues(string(cmd.Type), o.label()).Inc()
		done(o)
	}
	if why := s.gate.shut(); why != "" {
		told(refused(schemas.CodeUnavailable, why))
		return
	}
	key := commandKey{cmd.Key, cmd.ID}
	first, known, o := s.answers.expect(key, question{cmd.Type, what}, time.Now(), told)
	switch {
	case known:
		told(o)
	case first:
		s.cfg.Commands.SendAsync(cmd, func(err error) { s.sent(key, err) })
	}
}

// sent hears what Kafka made of a command.
func (s *Service) sent(key commandKey, err error) {
	if err == nil {
		s.answers.acked(key)
		return
	}
	s.cfg.Logger.Warn("command not acknowledged", "err", err, "game_id", key.gameID, "command_id", key.commandID)
	s.answers.settle(key, refused(schemas.CodeOutcomeUnknown, "Kafka did not answer; the same Idempotency-Key asks again"))
}

func (o outcome) label() string {
	if o.code == "" {
		return "accepted"
	}
	return string(o.code)
}

// askAndWait is ask for a request that waits. ok is false if it went away.
func (s *Service) askAndWait(ctx context.Context, cmd schemas.Command, what string) (o outcome, ok bool) {
	answer := make(chan outcome, 1)
	s.ask(cmd, what, func(o outcome) { answer <- o })
	select {
	case o = <-answer:
		return o, true
	case <-ctx.Done():
		return outcome{}, false
	}
}

// repeated takes a CommandRepeated: the answer is the one that was given when
// the command was accepted. It is found beside the follower, since making an
// old event again costs more than folding many.
func (s *Service) repeated(r schemas.Reply) {
	key := commandKey{r.Key, r.CommandID}
	q, asked, ok := s.answers.asked(key)
	if !ok {
		return // another instance's
	}
	go func() {
		ctx, cancel := context.WithDeadline(context.Background(), asked.Add(s.cfg.AnswerTimeout))
		defer cancel()
		if o, ok := s.recall(ctx, key.gameID, q.kind, r.Seq); ok {
			s.answers.settle(key, o)
		} // else the wait for it runs out
	}()
}

// recall makes the answer to a command again whose first event has that seq.
func (s *Service) recall(ctx context.Context, gameID string, kind schemas.CommandType, seq int64) (outcome, bool) {
	state, ok := s.stateAt(ctx, gameID, seq)
	if !ok {
		return outcome{}, false
	}
	ev, at := standingAt(state, seq)
	o, settled := judge(kind, ev, at)
	o.event = ev.Record().Value
	if settled {
		return o, true
	}
	if state, ok = s.stateAt(ctx, gameID, seq+1); !ok {
		return outcome{}, false
	}
	later, at := standingAt(state, seq+1)
	end, _ := judge(kind, later, at)
	end.seq, end.event = o.seq, o.event
	return end, true
}

// stateAt gives a game as it stands once event seq was folded, and waits for
// that until ctx is done.
func (s *Service) stateAt(ctx context.Context, gameID string, seq int64) (*game.State, bool) {
	if s.hub.known(gameID) == nil { // it ended and was let go
		if state := s.bygones.recall(gameID); state != nil && state.Seq >= seq {
			return state, true
		}
		s.hub.add(gameID) // its row may still be there
		s.mender.want(gameID, 0)
	}
	b := s.hub.find(ctx, gameID, func(*game.State) bool { return true })
	if b == nil {
		return nil, false
	}
	box := newOutbox(func() {}) // it ends, and the state has moved on
	state, ok := b.watch(watcher{box: box, from: seq})
	if !ok {
		return nil, false
	}
	defer b.unwatch(box)
	for state.Seq < seq {
		select {
		case <-box.ready:
			state = b.snapshot()
		case <-ctx.Done():
			return nil, false
		}
	}
	return state, true
}
