package processors

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lovoo/goka"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/tables"
)

// partition is what a session holds for one assigned partition. Goka calls it
// from one goroutine at a time.
type partition[R tables.Row] struct {
	s      *session[R]
	number int32
	store  *kafka.Storage
	wheel  *wheel

	guard *tables.Guard
	stale map[string]bool // keys whose last record in the topic lost to an older one

	// before is the end of the commands when the table was recovered: a command
	// at or after it is new, one before it may have been handled before.
	before int64
	fence  *fence // nil: all events pass

	refused *refusals

	committed atomic.Int64 // offset, as the broker has it

	mu     sync.Mutex
	stop   context.CancelFunc // of the wheel
	closed bool
	done   sync.WaitGroup
}

func newPartition[R tables.Row](s *session[R], number int32) *partition[R] {
	p := &partition[R]{s: s, number: number, store: kafka.NewStorage(), guard: tables.NewGuard(0), stale: make(map[string]bool), refused: newRefusals()}
	p.wheel = newWheel(s.clock.now, s.producer.SendAsync, p.committed.Load)
	p.store.OnRecovered, p.store.OnClosed = p.recovered, p.close
	return p
}

// recover takes one record of the table topic, unless it is older than what is
// known already.
func (p *partition[R]) recover(key string, value []byte, ctx goka.UpdateContext) error {
	have, err := p.store.Get(key)
	if err != nil {
		return err
	}
	if value == nil {
		if !p.guard.Tombstone(key, have, ctx.Headers()[tables.HeaderOffset]) {
			p.stale[key] = true
			return nil
		}
		delete(p.stale, key)
		return p.store.Delete(key)
	}
	newer, err := p.guard.Row(key, have, value)
	if err != nil {
		err = fmt.Errorf("%w at offset %d of %s/%d: %w", ErrCorruptRow, ctx.Offset(), ctx.Topic(), ctx.Partition(), err)
		p.s.fatal.Store(&err)
		return err
	}
	if !newer {
		p.stale[key] = true
		return nil
	}
	delete(p.stale, key)
	return p.store.Set(key, value)
}

// recovered is called once the table is read, before the first command.
func (p *partition[R]) recovered() error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := p.heal(ctx); err != nil {
		return err
	}
	commands := p.s.p.table.Commands
	var err error
	if p.before, err = kafka.EndOffset(ctx, p.s.client, commands, p.number); err != nil {
		return err
	}
	p.fence = newFence()
	if err := p.s.replies(ctx, p.number, func(rec *kgo.Record) error {
		p.refused.hear(rec, commands)
		return nil
	}); err != nil {
		return fmt.Errorf("read the latest refusals: %w", err)
	}
	return p.start()
}

// heal writes the rows again whose last record in the topic is a stale owner's,
// lest compaction keep that one.
func (p *partition[R]) heal(ctx context.Context) error {
	var records []*kgo.Record
	for key := range p.stale {
		value, err := p.store.Get(key)
		if err != nil {
			return err
		}
		r := &kgo.Record{Topic: p.s.p.table.Topic, Key: []byte(key), Value: value}
		if offset, gone := p.guard.Gone(key); value == nil && gone {
			r.Headers = []kgo.RecordHeader{{Key: tables.HeaderOffset, Value: fmt.Append(nil, offset)}}
		}
		records = append(records, r)
	}
	p.stale = nil
	if err := p.s.producer.SendRecords(ctx, records...); err != nil {
		return fmt.Errorf("write rows again that a stale owner went behind: %w", err)
	}
	return nil
}

// start sets every row's timer and lets them run.
func (p *partition[R]) start() error {
	for key, raw := range p.store.All() {
		row, err := p.s.p.decode(key, raw)
		if err != nil {
			p.s.fatal.Store(&err)
			return err
		}
		p.arm(key, row)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed { // the assignment ended meanwhile
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.stop = cancel
	p.done.Go(func() { p.wheel.run(ctx) })
	return nil
}

// close is called when the partition is given up.
func (p *partition[R]) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.stop != nil {
		p.stop()
	}
	p.done.Wait()
	p.s.forget(p)
}

// arm sets the row's timer.
func (p *partition[R]) arm(key string, row R) {
	at, cmd, afterCommit, ok := p.s.p.core.Deadline(key, row)
	if !ok {
		p.wheel.remove(key)
		return
	}
	hold := noHold
	if afterCommit {
		hold = row.Head().Offset
	}
	p.wheel.set(key, at, cmd, hold)
}

// judgedAway is the offset of the command that deleted the key's row before the
// recovery, -1 if none did: commands up to it were judged while there was a row.
func (p *partition[R]) judgedAway(key string) int64 {
	if p.guard != nil {
		if offset, ok := p.guard.Gone(key); ok {
			return offset
		}
	}
	return -1
}

// resume readies the fence before the first command of an assignment, and drops
// it, with the marks of deleted rows, at the first that is new.
func (p *partition[R]) resume(ctx context.Context, offset int64, at time.Time) error {
	if offset >= p.before {
		p.fence, p.guard = nil, nil
		return nil
	}
	if p.fence.filled {
		return nil
	}
	return p.fence.fill(ctx, p.s.client, p.s.p.table.Events, p.number, at)
}
