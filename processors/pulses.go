package processors

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lovoo/goka"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/core/outage"
	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

// AmidOutages is a Core whose decisions depend on when nobody could move. Its
// partitions have pulses, and Circumstances have Outages (ADR 32).
type AmidOutages interface{ DecidesAmidOutages() }

// pulses are the pulses of one partition. There is one chain of them: the owner sends
// the next a second after it has handled the last that it sent. So an owner that
// cannot read, or is behind, or whose Kafka is away sends none; nor one whose events do
// not reach the log (unacknowledged.go), which answers nobody.
type pulses struct {
	key string
	row *tables.PulseRow // used by the partition's goroutine alone

	last, runsAt atomic.Int64 // of row, for the timers

	mu      sync.Mutex
	sent    string        // id of the pulse that is on its way
	handled chan struct{} // closed when it is handled
}

func newPulses(partition, partitions int32) *pulses {
	return &pulses{key: kafka.PulseKeyOf(partition, partitions), row: &tables.PulseRow{}}
}

// before returns what a command at that place knows of outages. A nil p knows none.
func (p *pulses) before(place int64) outage.View {
	if p == nil {
		return outage.View{}
	}
	return p.row.Before(place)
}

// standStill reports whether the clocks of the partition's games stand still at broker
// time now, as far as this owner knows.
func (p *pulses) standStill(now schemas.Time) bool {
	last := schemas.Time(p.last.Load())
	return last != 0 && (now < schemas.Time(p.runsAt.Load()) || now > last.Add(outage.Tolerance))
}

func (p *pulses) publish() {
	_, _, runsAt, _ := p.row.LastGap()
	p.runsAt.Store(int64(runsAt))
	p.last.Store(int64(p.row.Last()))
}

// loadPulses takes the row of the recovered table. A row that cannot be read costs what the
// partition remembered and nothing else: the next pulse begins anew.
func (p *partition[R]) loadPulses() error {
	if p.pulses == nil {
		return nil
	}
	raw, err := p.store.Get(p.pulses.key)
	if err != nil || raw == nil {
		return err
	}
	row, err := tables.Pulses().Decode(p.pulses.key, raw)
	if err != nil {
		p.s.p.logger.Error("pulse row dropped: no time is given back for earlier outages", "partition", p.number, "err", err)
		return nil
	}
	p.pulses.row = row
	p.pulses.publish()
	return nil
}

// handlePulse handles a pulse of the partition.
func (s *session[R]) handlePulse(ctx goka.Context, part *partition[R], cmd schemas.Command, at schemas.Time) {
	p, place := part.pulses, s.origin(ctx).Offset
	defer p.done(cmd.ID)
	if place <= p.row.Head().Offset {
		s.p.metrics.command(cmd.Type, replayed)
		return
	}
	_, _, before, _ := p.row.LastGap()
	p.row.Handle(at, place)
	p.publish()
	from, to, runsAt, ok := p.row.LastGap()
	reply := schemas.Reply{
		Type: schemas.PulseHandled, CommandID: cmd.ID, CommandType: cmd.Type, Key: cmd.Key, Actor: cmd.Actor, OccurredAt: at,
	}
	if ok {
		reply.Outage = &schemas.Outage{From: from, To: to, RunsAt: runsAt}
	}
	if ok && runsAt != before {
		s.p.outageMetrics.observe(to.Std().Sub(from.Std()))
		s.p.logger.Warn("nobody could move; the clocks of the partition's games stood still", "partition", part.number,
			"offset", ctx.Offset(), "from", from, "to", to)
	}
	if ok && runsAt != before && isLong(from, to) {
		part.timers.sendAll() // after it, games wait for their players
	}
	ctx.SetValue(tables.Pulses().Encode(cmd.Key, p.row))
	s.emit(ctx, part, int(s.format.Load()), encodeMessages([]schemas.Message{reply}), nil)
	s.p.metrics.command(cmd.Type, accepted)
}

// isPulse reports whether the command is a pulse of the partition.
func (p *partition[R]) isPulse(cmd schemas.Command) bool {
	return p.pulses != nil && cmd.Type == schemas.Pulse && cmd.Key == p.pulses.key
}

func isLong(from, to schemas.Time) bool { return to > from.Add(outage.Long) }

// endedLong reports whether a long outage has ended a short while before now. Its
// games may not know it yet.
func (p *pulses) endedLong(now schemas.Time) bool {
	if p == nil {
		return false
	}
	from, to, _, ok := p.row.LastGap()
	return ok && isLong(from, to) && now < to.Add(outage.Long)
}

// done is called when a pulse is handled.
func (p *pulses) done(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if id == p.sent {
		p.sent = ""
		close(p.handled)
	}
}

// run sends pulses until ctx is done. send is called while alive returns true.
func (p *pulses) run(ctx context.Context, alive func() bool, send func(schemas.Message, func(error))) {
	for pause := time.Duration(0); ; pause = outage.Every {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		for !alive() {
			select {
			case <-ctx.Done():
				return
			case <-time.After(outage.Every / 20):
			}
		}
		cmd := schemas.Command{ID: schemas.NewID(), Type: schemas.Pulse, Key: p.key, Actor: schemas.ActorSystem}
		handled, failed := make(chan struct{}), make(chan struct{})
		p.mu.Lock()
		p.sent, p.handled = cmd.ID, handled
		p.mu.Unlock()
		send(cmd, func(err error) {
			if err != nil {
				close(failed)
			}
		})
		select {
		case <-ctx.Done():
			return
		case <-failed: // it may be in the log all the same; a second one does no harm
		case <-handled:
		}
	}
}

// outageMetrics are nil for a group without pulses.
type outageMetrics struct {
	outages prometheus.Counter
	seconds prometheus.Counter
}

func newOutageMetrics(r prometheus.Registerer, group string) (m outageMetrics, err error) {
	labels := prometheus.Labels{"group": group}
	m.outages = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tabiya_outages_total", Help: "Times in which nobody could move in the games of a partition.", ConstLabels: labels,
	})
	m.seconds = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tabiya_outage_seconds_total", Help: "Length of the times in which nobody could move, summed over partitions.", ConstLabels: labels,
	})
	if r == nil {
		return m, nil
	}
	if m.outages, err = register(r, m.outages); err != nil {
		return m, err
	}
	m.seconds, err = register(r, m.seconds)
	return m, err
}

func (m outageMetrics) observe(length time.Duration) {
	m.outages.Inc()
	m.seconds.Add(length.Seconds())
}
