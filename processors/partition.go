package processors

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
	"tabiya/tables"
)

// partition is the state of a session for one assigned partition. Goka calls it
// from one goroutine at a time.
type partition[R tables.Row] struct {
	s      *session[R]
	number int32
	store  *kafka.Storage
	timers *timers
	pulses *pulses // nil if the group has none

	events, replies unacknowledged // watched if there are pulses

	foreign *foreignRecords // in the table topic
	writing sync.Mutex      // held while a command is handled or a stale owner's row is replaced
	handled int64           // the place of the last command handled; writing protects it

	guard     *tables.Guard
	staleKeys map[string]bool // keys whose last record in the table topic is a stale owner's

	tableRecords int   // read in the recovery
	end          int64 // the place of the commands' end, as last asked for in the recovery
	ahead        int   // records beyond it
	later        laterRows
	inForce      int // the format that topology names, as last read in the recovery
	formatReads  int
	givenUp      atomic.Pointer[error] // why no command is handled; nil if they are

	quarantined *quarantine
	misplaced   misplacedRows
	repairs     repairs[R]

	// replayEnd is the end offset of the commands when the table was recovered: a
	// command before it may be a replay, a command at or after it is new.
	replayEnd int64
	replay    *replayFilter // nil once the commands are new
	refusals  *refusals

	committed atomic.Int64 // the place of the committed offset, as last read from the broker

	mu         sync.Mutex
	background context.Context // of the timers and of repairs; stopTimers ends it
	stopTimers context.CancelFunc
	closed     bool
	running    sync.WaitGroup // the timers and the repairs
}

func newPartition[R tables.Row](s *session[R], number int32) *partition[R] {
	p := &partition[R]{
		foreign: newForeignRecords(), handled: -1,
		s: s, number: number, store: kafka.NewStorage(), guard: tables.NewGuard(0),
		staleKeys: make(map[string]bool), later: make(laterRows), refusals: newRefusals(),
		quarantined: newQuarantine(s.p.quarantineMetrics.keys),
		misplaced:   misplacedRows{gauge: s.p.quarantineMetrics.misplaced},
	}
	p.timers = newTimers(s.clock.now, s.producer.SendPatiently, p.committed.Load)
	p.timers.panicked = p.quarantineTimer
	if s.p.hasPulses {
		p.pulses = newPulses(number, s.commandPartitions)
		p.timers.standStill = p.pulses.standStill
	}
	p.store.OnRecovered, p.store.OnClosed = p.recovered, p.close
	return p
}

// recovered completes the recovery once the table topic is read, before the first
// command.
func (p *partition[R]) recovered() error {
	if p.giveUp() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	err := p.checkTable(ctx)
	if err == nil {
		err = p.checkDecided(ctx)
	}
	if err != nil {
		if errors.Is(err, topology.ErrMismatch) {
			p.s.fatal.Store(&err)
		}
		return err
	}
	if err := p.startForeign(ctx); err != nil {
		return err
	}
	if err := p.rewriteStaleKeys(ctx); err != nil {
		return err
	}
	if err := p.quarantineRecovered(); err != nil {
		return err
	}
	if err := p.loadPulses(); err != nil {
		return err
	}
	commands := p.s.p.table.Commands
	if p.replayEnd, err = kafka.EndOffset(ctx, p.s.client, commands, p.number); err != nil {
		return err
	}
	p.replay = newReplayFilter()
	if err := p.s.readReplies(ctx, p.number, func(rec *kgo.Record) error {
		p.refusals.addRecord(rec, commands)
		return nil
	}); err != nil {
		return fmt.Errorf("read the latest refusals: %w", err)
	}
	return p.startTimers()
}

// startTimers sets the timer of every row and starts to fire them, and to send pulses.
func (p *partition[R]) startTimers() error {
	for key, raw := range p.store.All() {
		if p.isPulseKey(key) {
			continue
		}
		row, err := p.s.p.decodeRow(key, raw)
		if err == nil {
			err = p.setTimer(key, row)
		}
		if err != nil {
			if err := p.quarantine(key, err); err != nil {
				return err
			}
		}
	}
	if p.pulses.endedLong(p.s.clock.now()) {
		p.timers.sendAll()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed { // the assignment ended during the recovery
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.background, p.stopTimers = ctx, cancel
	p.running.Go(func() { p.timers.run(ctx) })
	p.running.Go(func() { p.healStaleRows(ctx) })
	for key, row := range p.quarantined.all() {
		if errors.Is(row.reason, errDeletedByHand) {
			p.readForRepairLocked(schemas.Command{
				ID: schemas.NewID(), Type: p.s.p.repairType, Key: key, Actor: schemas.ActorSystem,
			})
		}
	}
	if p.pulses != nil {
		p.running.Go(func() {
			p.pulses.run(ctx, func() bool { return p.s.signsOfLife.recent() && p.seen() }, p.s.producer.SendPatiently)
		})
	}
	return nil
}

// isPulseKey reports whether the rows of a key are not games but the partition's.
func (p *partition[R]) isPulseKey(key string) bool { return p.pulses != nil && schemas.IsPulseKey(key) }

// startForeign notes up to where the recovery has read the table topic.
func (p *partition[R]) startForeign(ctx context.Context) error {
	last, err := p.store.GetOffset(-1)
	if err == nil && last < 0 { // there was nothing to read
		last, err = kafka.EndOffset(ctx, p.s.client, p.s.p.table.Topic, p.number)
		last--
	}
	p.foreign.start(last + 1)
	return err
}

// setTimer sets the row's timer, or removes it if the row needs none. It returns an
// error if the Core panics.
func (p *partition[R]) setTimer(key string, row R) error {
	at, cmd, afterCommit, ok, err := p.s.p.nextTimer(key, row)
	if err != nil {
		return err
	}
	if !ok {
		p.timers.remove(key)
		return nil
	}
	waitFor := noCommit
	if afterCommit {
		waitFor = row.Head().Offset
	}
	p.timers.set(key, at, cmd, waitFor)
	return nil
}

// close is called when the assignment of the partition ends.
func (p *partition[R]) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.stopTimers != nil {
		p.stopTimers()
	}
	p.running.Wait()
	p.quarantined.clear()
	p.misplaced.clear()
	if p.givenUp.Swap(nil) != nil {
		p.s.p.quarantineMetrics.givenUp.Dec()
	}
	p.s.removePartition(p)
}

// prepareReplay is called before each command. Before the first one that may be a
// replay it loads the replay filter; at the first one that is new it drops the
// filter and the marks of deleted rows.
func (p *partition[R]) prepareReplay(ctx context.Context, offset int64, at time.Time) error {
	if offset >= p.replayEnd {
		p.replay, p.guard = nil, nil
		return nil
	}
	if p.replay.loaded {
		return nil
	}
	return p.replay.load(ctx, p.s.client, p.s.p.table.Events, p.number, p.s.commands.Place(p.number, offset), at)
}

// deletedBy returns the place of the command that deleted the key's row before
// the recovery, or -1 if none did. All commands up to it were decided while the
// row existed.
func (p *partition[R]) deletedBy(key string) int64 {
	if p.guard != nil {
		if offset, ok := p.guard.DeletedBy(key); ok {
			return offset
		}
	}
	return -1
}
