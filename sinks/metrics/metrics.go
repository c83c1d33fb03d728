// Package metrics defines the metrics that every sink has, under the same names.
// How far a sink is behind its topics is measured by kafka.Lag.
package metrics

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Sink holds the metrics of one sink.
type Sink struct {
	Records *prometheus.CounterVec // by topic
	Bytes   *prometheus.CounterVec // by topic
	Skipped *prometheus.CounterVec // by topic
	Rows    *prometheus.CounterVec // by table
	Flush   prometheus.Histogram   // seconds
	labels  prometheus.Labels
}

// New registers the metrics of a sink, and more collectors of its own. reg may be
// nil.
func New(reg prometheus.Registerer, sink string, more ...prometheus.Collector) (*Sink, error) {
	s := &Sink{labels: prometheus.Labels{"sink": sink}}
	s.Records = s.Counter("records_total", "Records consumed.", "topic")
	s.Bytes = s.Counter("bytes_total", "Bytes of the keys and values of the records that were written out.", "topic")
	s.Skipped = s.Counter("skipped_total", "Records that are not events, or that repeat one.", "topic")
	s.Rows = s.Counter("rows_total", "Rows written, by table.", "table")
	s.Flush = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "tabiya_sink_flush_seconds", Help: "Time from the end of a chunk or batch until its progress is stored.",
		ConstLabels: s.labels, Buckets: prometheus.ExponentialBuckets(0.001, 2, 16),
	})
	return s, s.Register(reg, append(more, s.Records, s.Bytes, s.Skipped, s.Rows, s.Flush)...)
}

// Counter returns a counter of this sink that is not registered yet.
func (s *Sink) Counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tabiya_sink_" + name, Help: help, ConstLabels: s.labels}, labels)
}

// Gauge returns a gauge of this sink that is not registered yet.
func (s *Sink) Gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: "tabiya_sink_" + name, Help: help, ConstLabels: s.labels})
}

// Register registers collectors. reg may be nil.
func (s *Sink) Register(reg prometheus.Registerer, collectors ...prometheus.Collector) error {
	if reg == nil {
		return nil
	}
	for _, c := range collectors {
		if err := reg.Register(c); err != nil {
			return fmt.Errorf("register metrics of sink %s: %w", s.labels["sink"], err)
		}
	}
	return nil
}
