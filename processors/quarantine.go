package processors

import (
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/lovoo/goka"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/schemas"
)

// A key whose row cannot be decoded is quarantined: its commands are refused, and
// all other keys of the partition go on. Nothing is written for it, so its record
// stays in the table topic, and every recovery finds it again, until a good row or
// a tombstone supersedes it.

// quarantine holds the quarantined keys of a partition. It is safe for concurrent
// use.
type quarantine struct {
	gauge prometheus.Gauge // of the group: the sum over its partitions in this process

	mu   sync.Mutex
	rows map[string]quarantinedRow
}

// quarantinedRow is a record of the table topic that is not a row of its key. Its bytes
// stay in the topic.
type quarantinedRow struct {
	offset int64 // in the table topic, -1 if the row was written by this session
	reason error
}

func newQuarantine(gauge prometheus.Gauge) *quarantine {
	return &quarantine{gauge: gauge, rows: make(map[string]quarantinedRow)}
}

func (q *quarantine) add(key string, row quarantinedRow) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, known := q.rows[key]; !known {
		q.gauge.Inc()
	}
	q.rows[key] = row
}

// lift ends the quarantine of a key, if it is quarantined.
func (q *quarantine) lift(key string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, known := q.rows[key]; known {
		q.gauge.Dec()
		delete(q.rows, key)
	}
}

func (q *quarantine) get(key string) (row quarantinedRow, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	row, ok = q.rows[key]
	return row, ok
}

// all returns a copy of the quarantined rows by key.
func (q *quarantine) all() map[string]quarantinedRow {
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.rows)
}

// clear removes the keys from the gauge when the partition is given up.
func (q *quarantine) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.gauge.Sub(float64(len(q.rows)))
	clear(q.rows)
}

// quarantine puts a key into quarantine after the recovery.
func (p *partition[R]) quarantine(key string, reason error) error {
	p.timers.remove(key)
	row := quarantinedRow{offset: -1, reason: reason}
	p.quarantined.add(key, row)
	p.logQuarantined(key, row)
	return p.store.Delete(key)
}

// quarantineTimer quarantines a key whose timer cannot make its command.
func (p *partition[R]) quarantineTimer(key string, reason error) {
	p.writing.Lock() // a command that is handled at the same time has the row
	defer p.writing.Unlock()
	if err := p.quarantine(key, reason); err != nil {
		p.s.p.logger.Error("row not deleted from memory", "key", key, "err", err)
	}
}

// quarantineKey is partition.quarantine for the key of the command that is handled.
func (s *session[R]) quarantineKey(ctx goka.Context, part *partition[R], reason error) {
	if err := part.quarantine(ctx.Key(), reason); err != nil {
		failSession(ctx, err)
	}
}

// quarantineRecovered completes the quarantine of the keys that the recovery found.
// An earlier good row does not stand in for a corrupt one: commands may have been
// accepted between the two.
func (p *partition[R]) quarantineRecovered() error {
	for key, row := range p.quarantined.all() {
		p.logQuarantined(key, row)
		if err := p.store.Delete(key); err != nil {
			return err
		}
	}
	for key, offset := range p.misplaced.offsets { // one line is enough
		p.s.p.logger.Error("rows on another partition than their key's are ignored", "topic", p.s.p.table.Topic,
			"partition", p.number, "rows", len(p.misplaced.offsets), "example_key", key, "example_offset", offset)
		break
	}
	return nil
}

func (p *partition[R]) logQuarantined(key string, row quarantinedRow) {
	p.s.p.logger.Error("key quarantined: its row cannot be read, its commands are refused", "key", key,
		"topic", p.s.p.table.Topic, "partition", p.number, "offset", row.offset, "err", row.reason)
}

// misplacedRows are the rows of a partition of the table topic whose keys belong to
// another partition. They are ignored: a key has its row on its own partition.
type misplacedRows struct {
	gauge   prometheus.Gauge
	offsets map[string]int64 // by key
}

// note notes a record of a key that belongs to another partition.
func (m *misplacedRows) note(key string, value []byte, offset int64) {
	if m.offsets == nil {
		m.offsets = make(map[string]int64)
	}
	before := len(m.offsets)
	if value == nil {
		delete(m.offsets, key)
	} else {
		m.offsets[key] = offset
	}
	m.gauge.Add(float64(len(m.offsets) - before))
}

// clear removes the rows from the gauge when the partition is given up.
func (m *misplacedRows) clear() {
	m.gauge.Sub(float64(len(m.offsets)))
	m.offsets = nil
}

const quarantinedDetail = "The stored state cannot be read. An operator has to repair it."

// refuseQuarantined answers a command for a quarantined key. A command that may be
// a replay gets no answer: without the row nobody knows whether it was accepted. Its
// client repeats it and is answered then.
func (s *session[R]) refuseQuarantined(ctx goka.Context, part *partition[R], cmd schemas.Command, at schemas.Time) {
	part.repairs.refused(cmd, at)
	d := decision[R]{outcome: ignored}
	var consequences []message
	if core, ok := s.p.core.(quarantineAware); ok && ctx.Offset() >= part.replayEnd {
		consequences = encodeMessages(core.Quarantined(cmd, at))
	}
	if ctx.Offset() >= part.replayEnd && cmd.Actor != schemas.ActorSystem && cmd.Actor != "" {
		reply, ok := part.refusals.repeat(cmd, at)
		if !ok {
			reply = schemas.Reply{
				Type: schemas.CommandRejected, CommandID: cmd.ID, CommandType: cmd.Type, Key: cmd.Key, Region: cmd.Region,
				Actor: cmd.Actor, OccurredAt: at, Code: schemas.CodeQuarantined, Detail: quarantinedDetail,
			}
		}
		d = refusal[R](reply)
	}
	s.emit(ctx, part, int(s.format.Load()), append(d.messages, consequences...), nil)
	s.p.metrics.command(cmd.Type, d.outcome)
}

// quarantineAware is a Core with commands whose refusal other aggregates have to learn.
type quarantineAware interface {
	// Quarantined returns the messages that go with the refusal of a command because
	// its key is quarantined.
	Quarantined(cmd schemas.Command, at schemas.Time) []schemas.Message
}

// nextTimer is Core.NextTimer. A panic becomes an error, as one row must not end the
// process.
func (p *Processor[R]) nextTimer(key string, row R) (at schemas.Time, cmd func() schemas.Command, afterCommit, ok bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("compute the timer of row %q: panic: %v", key, r)
		}
	}()
	at, cmd, afterCommit, ok = p.core.NextTimer(key, row)
	return at, cmd, afterCommit, ok, nil
}

// quarantineMetrics are the metrics about rows that are set aside.
type quarantineMetrics struct {
	keys      prometheus.Gauge
	misplaced prometheus.Gauge
	givenUp   prometheus.Gauge
}

// newQuarantineMetrics registers the metrics of a group.
func newQuarantineMetrics(r prometheus.Registerer, group string) (quarantineMetrics, error) {
	labels := prometheus.Labels{"group": group}
	m := quarantineMetrics{
		keys: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tabiya_quarantined_keys", Help: "Keys whose commands are refused because their row cannot be decoded.", ConstLabels: labels,
		}),
		misplaced: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tabiya_misplaced_rows", Help: "Rows that are ignored because they are on another partition than their key's.", ConstLabels: labels,
		}),
		givenUp: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tabiya_given_up_partitions", Help: "Partitions whose commands are not handled because a later release wrote a row.", ConstLabels: labels,
		}),
	}
	if r == nil {
		return m, nil
	}
	var errs [3]error
	m.keys, errs[0] = register(r, m.keys)
	m.misplaced, errs[1] = register(r, m.misplaced)
	m.givenUp, errs[2] = register(r, m.givenUp)
	return m, errors.Join(errs[:]...)
}
