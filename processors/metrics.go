package processors

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// metrics of one group.
type metrics struct {
	commands *prometheus.CounterVec
	decide   prometheus.Observer
	dead     prometheus.Counter
}

// newMetrics registers the metrics. A second processor of the same group in the
// process shares the first one's, except for its lag, which is left out.
func newMetrics(r prometheus.Registerer, group string, lag *kafka.Lag) (*metrics, error) {
	fixed := prometheus.Labels{"group": group}
	commands := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tabiya_commands_total", Help: "Commands handled, by type and outcome.", ConstLabels: fixed,
	}, []string{"type", "outcome"})
	decide := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "tabiya_decide_seconds", Help: "Time to judge a command and encode what follows.", ConstLabels: fixed,
		Buckets: prometheus.ExponentialBuckets(2e-6, 2, 16),
	})
	dead := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "tabiya_dead_letters_total", Help: "Records put aside because they cannot be handled.", ConstLabels: fixed,
	})
	if r == nil {
		return &metrics{commands, decide, dead}, nil
	}
	var failed [4]error
	commands, failed[0] = register(r, commands)
	decide, failed[1] = register(r, decide)
	dead, failed[2] = register(r, dead)
	_, failed[3] = register[prometheus.Collector](r, lag)
	return &metrics{commands, decide, dead}, errors.Join(failed[:]...)
}

// register registers c, or gives what is registered in its place.
func register[C prometheus.Collector](r prometheus.Registerer, c C) (C, error) {
	err := r.Register(c)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if existing, ok := already.ExistingCollector.(C); ok {
			return existing, nil
		}
	}
	return c, err
}

func (m *metrics) command(t schemas.CommandType, outcome string) {
	m.commands.WithLabelValues(string(t), outcome).Inc()
}
