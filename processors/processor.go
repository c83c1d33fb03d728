// Package processors runs Tabiya's three Goka groups: players, matchmaking and
// games. They share one shape and differ in their Core alone.
//
//	commands ──► handle ──► decide ──┬─► row ──────► table topic
//	   ▲            │     (the Core) └─► messages ─► events, commands, replies
//	   │            └─ malformed record ───────────► dead-letter topic
//	   └── timers ◄─ Core.NextTimer of each row
//
// To follow one command, read handle.go (the steps in order), decide.go (what
// the command leads to) and effects.go (the row and the messages).
//
// What is not obvious:
//
//   - A row keeps the offset of the last command that changed it. After a crash,
//     a command at or below that offset is a replay: its messages are sent again
//     and nothing is decided again (decide.go).
//   - The row and its events are sent together, the row first, but to different
//     topics, so either may reach its log before the other. A crash may leave one
//     without the other; the replay adds what is missing (effects.go).
//   - A record that cannot be handled goes to the dead-letter topic, also one on a
//     partition that is not its key's (handle.go).
//   - A session works by the topology that it read at its start, and ends when that
//     changes or the topics do (session.go).
//   - Events that a previous owner of the partition already wrote are not written
//     a second time (replay_filter.go).
//   - A recovery never replaces a row by one with a lower version (recovery.go).
//   - The owner of a partition of games sends it pulses, and remembers when they were
//     missing, so that no clock runs while nobody can move (pulses.go).
//   - A row that cannot be decoded costs its key alone (quarantine.go); one that a
//     later release wrote costs its partition (give_up.go).
//   - Timers fire by this machine's clock, corrected by the skew to the broker's
//     timestamps (clock.go). The Core decides their commands by broker time, so a
//     timer that fires early, late or twice does no harm (timers.go).
package processors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/kafka"
	"tabiya/internal/readiness"
	"tabiya/schemas"
	"tabiya/tables"
)

// Core is the pure logic of an aggregate. R is the row, a pointer; nil means that
// there is no row. Its methods are called by several goroutines, one for each
// partition.
type Core[R tables.Row] interface {
	// Decide decides a new command against the row. next is the row to store if
	// changed is true; the zero R deletes the row. out are the messages to send, in
	// order. row was decoded for this call alone and may be returned as next, which
	// keeps the Offset of in.Origin.
	Decide(row R, cmd schemas.Command, in Circumstances) (next R, changed bool, out []schemas.Message)
	// Replay returns the messages that cmd led to when it was decided, byte for
	// byte. cmd's offset is at or below that of the command that last changed row.
	Replay(row R, cmd schemas.Command, in Circumstances) []schemas.Message
	// NextTimer returns the row's next timer. At broker time at, the timer sends
	// cmd(). ok is false if the row needs no timer. afterCommit delays the command
	// until the last command that changed the row is committed. cmd is called only
	// when the timer fires; it must not keep the row, and its command must have a
	// deterministic id (schemas.DerivedID).
	NextTimer(key string, row R) (at schemas.Time, cmd func() schemas.Command, afterCommit bool, ok bool)
}

// Config configures a Processor.
type Config struct {
	Kafka      kafka.Config
	Logger     *slog.Logger          // nil: no logs
	Registerer prometheus.Registerer // nil: no metrics
	// MaxInFlight limits a partition's commands whose messages are not yet
	// acknowledged, and so the commands that are replayed after a crash and those that
	// wait in memory while a topic cannot be written. 0: 1,000.
	MaxInFlight int
}

// maxInFlight is the default of Config.MaxInFlight.
const maxInFlight = 1000

// Validate returns an error for the first setting that cannot work.
func (c Config) Validate() error {
	if err := c.Kafka.Validate(); err != nil {
		return fmt.Errorf("processor: %w", err)
	}
	return nil
}

// Processor runs one member of a group, on the partitions that it is assigned.
type Processor[R tables.Row] struct {
	cfg       Config
	table     tables.Table[R]
	core      Core[R]
	hasPulses bool           // its partitions; see AmidOutages
	hears     HearsInstances // core if it wants to hear of instances, else nil

	logger  *slog.Logger
	metrics *metrics
	lag     *kafka.Lag
	events  *kafka.EventsCheck

	quarantineMetrics quarantineMetrics
	outageMetrics     outageMetrics

	// remembersRefusals says that a command that was refused once stays refused.
	// Queue commands need no such memory: the players processor sends them, and
	// never sends a refused one again.
	remembersRefusals bool

	repairType schemas.CommandType // repairs a row of the table
	// remakesDeleted reports whether the row of a key which somebody deleted by hand is
	// made again at the next recovery. Without a queue's row its number of events would
	// begin again, and the seats of those who waited would stay queued. The tombstone of
	// any other key on that table lifts its quarantine.
	remakesDeleted func(key string) bool
	givenUpBefore  sync.Map // partitions by number, see give_up.go

	session    atomic.Pointer[session[R]] // the running one, nil if there is none
	notRunning atomic.Pointer[error]      // why there is no session
	readiness  *readiness.Status
}

// New creates a processor. Run starts it.
func New[R tables.Row](cfg Config, table tables.Table[R], core Core[R]) (*Processor[R], error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.MaxInFlight = cmp.Or(cfg.MaxInFlight, maxInFlight)
	logger := cfg.Logger.With("group", table.Group)
	p := &Processor[R]{
		cfg:               cfg,
		table:             table,
		core:              core,
		logger:            logger,
		events:            kafka.NewEventsCheck(logger, table.Events),
		remembersRefusals: table.Commands != schemas.QueueCommands,
		repairType:        schemas.RepairOf(table.Commands),
		remakesDeleted:    func(key string) bool { return table.Commands == schemas.QueueCommands && schemas.IsQueueKey(key) },
		lag:               kafka.NewLag(cfg.Kafka, table.Group, cfg.Logger),
		readiness:         readiness.New("processor "+table.Group, cfg.Kafka.Session()),
	}
	var err error
	if p.metrics, err = newMetrics(cfg.Registerer, table.Group, p.lag); err != nil {
		return nil, fmt.Errorf("processor %s: register metrics: %w", table.Group, err)
	}
	if p.quarantineMetrics, err = newQuarantineMetrics(cfg.Registerer, table.Group); err != nil {
		return nil, fmt.Errorf("processor %s: register metrics: %w", table.Group, err)
	}
	if _, p.hasPulses = any(core).(AmidOutages); p.hasPulses {
		if p.outageMetrics, err = newOutageMetrics(cfg.Registerer, table.Group); err != nil {
			return nil, fmt.Errorf("processor %s: register metrics: %w", table.Group, err)
		}
	}
	p.hears, _ = core.(HearsInstances)
	notStarted := errors.New("not started")
	p.notRunning.Store(&notStarted)
	return p, nil
}

// Ready returns nil once the processor is a member of its group, its tables are
// recovered and a broker answers. Otherwise the error says what is missing. A
// rebalance, a restarted session or an unreachable broker counts only when it lasts
// longer than the session timeout, which is how long the group waits for a silent
// member.
func (p *Processor[R]) Ready() error { return p.readiness.Err() }

// check returns nil while commands can be handled.
func (p *Processor[R]) check(ctx context.Context) error {
	s := p.session.Load()
	if s == nil {
		return *p.notRunning.Load()
	}
	if !s.goka.Recovered() {
		return errors.New("joining the group or recovering its table")
	}
	if err := s.client.Ping(ctx); err != nil {
		return fmt.Errorf("ping kafka: %w", err)
	}
	if err := s.signsOfLife.err(); err != nil {
		return err
	}
	return s.checkGivenUp()
}

// Run creates a processor and runs it until ctx is done.
func Run[R tables.Row](ctx context.Context, cfg Config, table tables.Table[R], core Core[R]) error {
	p, err := New(cfg, table, core)
	if err != nil {
		return err
	}
	return p.Run(ctx)
}
