package archive

import "github.com/prometheus/client_golang/prometheus"

// metrics of one sink. Consumer lag is kafka.Lag's.
type metrics struct {
	records, bytes, skipped, chunks *prometheus.CounterVec
	files, rows, fileBytes          *prometheus.CounterVec
	closing                         prometheus.Histogram
	held                            prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer, sink string) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tabiya_sink_" + name, Help: help, ConstLabels: prometheus.Labels{"sink": sink},
		}, labels)
	}
	m := &metrics{
		records:   counter("records_total", "Records archived.", "topic"),
		bytes:     counter("bytes_total", "Bytes of keys and values archived.", "topic"),
		skipped:   counter("skipped_total", "Records that are in no file: no events, or repeats of one.", "topic"),
		chunks:    counter("chunks_total", "Chunks archived, by what ended them.", "topic", "end"),
		files:     counter("files_total", "Files put into the bucket; existed: they were there already.", "table", "result"),
		rows:      counter("rows_total", "Rows in those files.", "table"),
		fileBytes: counter("file_bytes_total", "Size of those files.", "table"),
		closing: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tabiya_sink_flush_seconds", Help: "From a chunk's end to its progress stored.",
			ConstLabels: prometheus.Labels{"sink": sink}, Buckets: prometheus.ExponentialBuckets(0.02, 2, 12),
		}),
		held: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tabiya_sink_waiting_bytes", Help: "Bytes of ended chunks that wait on disk to be archived.",
			ConstLabels: prometheus.Labels{"sink": sink},
		}),
	}
	for _, c := range []prometheus.Collector{m.records, m.bytes, m.skipped, m.chunks, m.files, m.rows, m.fileBytes, m.closing, m.held} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}
