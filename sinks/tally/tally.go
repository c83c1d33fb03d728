// Package tally is what every sink counts, under the same names. How far a sink
// is behind its topics is kafka.Lag's to tell.
package tally

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Tally is one sink's metrics.
type Tally struct {
	Records *prometheus.CounterVec // by topic
	Bytes   *prometheus.CounterVec // by topic
	Skipped *prometheus.CounterVec // by topic
	Rows    *prometheus.CounterVec // by table
	Flush   prometheus.Histogram
	labels  prometheus.Labels
}

// New registers a sink's metrics; reg may be nil.
func New(reg prometheus.Registerer, sink string, more ...prometheus.Collector) (*Tally, error) {
	t := &Tally{labels: prometheus.Labels{"sink": sink}}
	t.Records = t.Counter("records_total", "Records read and dealt with.", "topic")
	t.Bytes = t.Counter("bytes_total", "Bytes of the records' keys and values that were written out.", "topic")
	t.Skipped = t.Counter("skipped_total", "Records that are no events, or repeats of one.", "topic")
	t.Rows = t.Counter("rows_total", "Rows written, by table.", "table")
	t.Flush = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "tabiya_sink_flush_seconds", Help: "One chunk or batch, from its end to its progress stored.",
		ConstLabels: t.labels, Buckets: prometheus.ExponentialBuckets(0.001, 2, 16),
	})
	return t, t.Register(reg, append(more, t.Records, t.Bytes, t.Skipped, t.Rows, t.Flush)...)
}

// Counter makes a counter of this sink; it is not registered yet.
func (t *Tally) Counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tabiya_sink_" + name, Help: help, ConstLabels: t.labels}, labels)
}

// Gauge makes a gauge of this sink; it is not registered yet.
func (t *Tally) Gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: "tabiya_sink_" + name, Help: help, ConstLabels: t.labels})
}

// Register registers collectors; reg may be nil.
func (t *Tally) Register(reg prometheus.Registerer, collectors ...prometheus.Collector) error {
	if reg == nil {
		return nil
	}
	for _, c := range collectors {
		if err := reg.Register(c); err != nil {
			return fmt.Errorf("register metrics of sink %s: %w", t.labels["sink"], err)
		}
	}
	return nil
}
