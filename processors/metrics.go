package processors

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// metrics are the metrics of one group.
type metrics struct {
	commands    *prometheus.CounterVec
	decide      prometheus.Observer
	deadLetters prometheus.Counter
	misdirected prometheus.Counter
	healed      prometheus.Counter
}

// newMetrics registers the metrics. A second processor of the same group in one
// process shares those of the first, but its lag is not registered.
func newMetrics(r prometheus.Registerer, group string, lag *kafka.Lag) (*metrics, error) {
	labels := prometheus.Labels{"group": group}
	commands := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tabiya_commands_total", Help: "Commands handled, by type and outcome.", ConstLabels: labels,
	}, []string{"type", "outcome"})
	decide := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "tabiya_decide_seconds", Help: "Time to decide a command and encode its row and messages.", ConstLabels: labels,
		Buckets: prometheus.ExponentialBuckets(2e-6, 2, 16),
	})
	deadLetters := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tabiya_dead_letters_total", Help: "Records sent to the dead-letter topic because they cannot be handled.", ConstLabels: labels,
	})
	misdirected := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tabiya_misdirected_records_total", Help: "Records sent to the dead-letter topic because they were on another partition than their key's.", ConstLabels: labels,
	})
	healed := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tabiya_stale_rows_replaced_total", Help: "Rows of a stale owner that the owner has replaced by its own.", ConstLabels: labels,
	})
	if r == nil {
		return &metrics{commands, decide, deadLetters, misdirected, healed}, nil
	}
	var errs [6]error
	commands, errs[0] = register(r, commands)
	decide, errs[1] = register(r, decide)
	deadLetters, errs[2] = register(r, deadLetters)
	misdirected, errs[3] = register(r, misdirected)
	_, errs[4] = register[prometheus.Collector](r, lag)
	healed, errs[5] = register(r, healed)
	return &metrics{commands, decide, deadLetters, misdirected, healed}, errors.Join(errs[:]...)
}

// register registers c, or returns the collector that is already registered in
// its place.
func register[C prometheus.Collector](r prometheus.Registerer, c C) (C, error) {
	err := r.Register(c)
	if already, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if existing, ok := already.ExistingCollector.(C); ok {
			return existing, nil
		}
	}
	return c, err
}

func (m *metrics) command(t schemas.CommandType, outcome string) {
	m.commands.WithLabelValues(string(t), outcome).Inc()
}
