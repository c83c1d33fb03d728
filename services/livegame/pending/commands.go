// Package pending sends commands to game-commands and answers each command once its
// event or its reply has been read back from Kafka, so that an answered command is
// durable.
//
// It differs from package await in two ways. It answers by callback, because a channel
// would cost a socket one goroutine for each move. And it does not send a command that
// is already in flight.
package pending

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/core/game"
	"tabiya/schemas"
	"tabiya/services/livegame/availability"
	"tabiya/services/livegame/held"
)

// Sender sends commands. *kafka.Producer implements it. It calls done from another
// goroutine; done must not block.
type Sender interface {
	SendAsync(m schemas.Message, done func(error))
}

// Config configures Commands. All fields must be set.
type Config struct {
	Sender       Sender
	Availability *availability.Monitor
	// StateAt returns a game's state, after event seq or a later one. It waits for the
	// event until ctx is done; then ok is false.
	StateAt func(ctx context.Context, gameID string, seq int64) (state *game.State, ok bool)
	// Timeout is how long a command waits for its event.
	Timeout time.Duration
	// Limit is the largest number of commands in flight.
	Limit  int
	Logger *slog.Logger

	Latency  prometheus.Observer    // seconds from sending a command to its answer
	Answered *prometheus.CounterVec // by command, and "accepted", the code, or "other"
	// KnownCode reports whether a refusal's code is one of schemas. Others, which a record
	// may have, are counted as "other": each value of a label costs memory for ever.
	KnownCode func(schemas.Code) bool
}

// Commands are the commands in flight: sent, and not answered yet.
type Commands struct {
	cfg   Config
	table *table
}

// New creates Commands, with none in flight.
func New(cfg Config) *Commands {
	return &Commands{cfg: cfg, table: newTable(cfg.Limit, cfg.Latency)}
}

// Len returns the number of commands in flight.
func (c *Commands) Len() int { return c.table.len() }

// Send sends a command and calls done once with its outcome. done may be called
// before Send returns, and must not block. content is what a repeat of the command,
// which has the same id, must match.
func (c *Commands) Send(cmd schemas.Command, content string, done func(Outcome)) {
	answered := func(o Outcome) {
		c.cfg.Answered.WithLabelValues(string(cmd.Type), c.label(o)).Inc()
		done(o)
	}
	if why := c.cfg.Availability.WhyNoCommands(); why != "" {
		answered(refused(schemas.CodeUnavailable, why))
		return
	}
	k := key{cmd.Key, cmd.ID}
	send, known, o := c.table.expect(k, request{cmd.Type, content}, time.Now(), answered)
	switch {
	case known:
		answered(o)
	case send:
		c.cfg.Sender.SendAsync(cmd, func(err error) { c.sent(k, err) })
	}
}

// SendAndWait calls Send and waits for the outcome. ok is false if ctx was done first.
func (c *Commands) SendAndWait(ctx context.Context, cmd schemas.Command, content string) (o Outcome, ok bool) {
	return Wait(ctx, func(done func(Outcome)) { c.Send(cmd, content, done) })
}

// Wait calls send and waits for the outcome that it gives to done. ok is false if ctx was
// done first.
func Wait(ctx context.Context, send func(done func(Outcome))) (o Outcome, ok bool) {
	answer := make(chan Outcome, 1)
	send(func(o Outcome) { answer <- o })
	select {
	case o = <-answer:
		return o, true
	case <-ctx.Done():
		return Outcome{}, false
	}
}

// sent handles Kafka's acknowledgement of a command, or the error in its place.
func (c *Commands) sent(k key, err error) {
	if err == nil {
		c.table.acked(k)
		return
	}
	c.cfg.Logger.Warn("command not acknowledged", "err", err, "game_id", k.gameID, "command_id", k.commandID)
	c.table.settle(k, refused(schemas.CodeOutcomeUnknown, "Kafka did not answer; repeat the request with the same Idempotency-Key"))
}

func (c *Commands) label(o Outcome) string {
	switch {
	case o.Code == "":
		return "accepted"
	case c.cfg.KnownCode(o.Code):
		return string(o.Code)
	}
	return "other"
}

// OnEvent answers the command that caused an event.
func (c *Commands) OnEvent(f held.Folded) { c.table.event(f) }

// OnReply answers the command that a reply is about.
func (c *Commands) OnReply(r schemas.Reply) {
	if r.Type == schemas.CommandRejected {
		c.table.reject(r)
		return
	}
	c.repeated(key{r.Key, r.CommandID}, r.Seq)
}

// repeated handles a CommandRepeated: it gives the answer that was given when the
// command was accepted. It does so in its own goroutine, because rebuilding an old
// event takes longer than folding many events.
func (c *Commands) repeated(k key, seq int64) {
	r, sentAt, ok := c.table.lookUp(k)
	if !ok {
		return // another instance sent the command, or nobody waits any more
	}
	go func() {
		ctx, cancel := context.WithDeadline(context.Background(), sentAt.Add(c.cfg.Timeout))
		defer cancel()
		if o, ok := c.firstAnswer(ctx, k.gameID, r.kind, seq); ok {
			c.table.settle(k, o)
		} // if not, Run answers the command when it expires
	}()
}

// firstAnswer rebuilds the answer to a command whose first event is seq.
func (c *Commands) firstAnswer(ctx context.Context, gameID string, kind schemas.CommandType, seq int64) (Outcome, bool) {
	state, ok := c.cfg.StateAt(ctx, gameID, seq)
	if !ok {
		return Outcome{}, false
	}
	ev, standing := held.EventAndStanding(state, seq)
	o, settled := outcomeOf(kind, ev, standing)
	o.Envelope = ev.Record().Value
	if settled {
		return o, true
	}
	if state, ok = c.cfg.StateAt(ctx, gameID, seq+1); !ok {
		return Outcome{}, false
	}
	second, standing := held.EventAndStanding(state, seq+1)
	end, _ := outcomeOf(kind, second, standing)
	end.Seq, end.Envelope = o.Seq, o.Envelope
	return end, true
}

const expireEvery = 100 * time.Millisecond

// Run answers commands whose event or reply does not come in time, until ctx is done.
func (c *Commands) Run(ctx context.Context) {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			c.cfg.Availability.SetOldestUnacked(c.table.expire(now.Add(-c.cfg.Timeout)))
		}
	}
}

// Drain waits until all commands are answered, or until the deadline. Then it answers
// the rest with outcome_unknown.
func (c *Commands) Drain(deadline time.Time) {
	for c.Len() > 0 && time.Now().Before(deadline) {
		time.Sleep(expireEvery / 10)
	}
	c.table.expire(time.Now().Add(time.Hour))
}

// Knows reports whether a command is in flight, or its refusal is remembered.
func (c *Commands) Knows(gameID, commandID string) bool {
	_, _, inFlight := c.table.lookUp(key{gameID, commandID})
	return inFlight || c.RemembersRefusal(gameID, commandID)
}

// RemembersRefusal reports whether the refusal of a command was read and is still
// remembered.
func (c *Commands) RemembersRefusal(gameID, commandID string) bool {
	return c.table.refusals.Contains(key{gameID, commandID})
}
