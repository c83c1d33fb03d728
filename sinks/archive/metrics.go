package archive

import (
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/sinks/metrics"
)

// archiveMetrics are the metrics of one archive sink.
type archiveMetrics struct {
	*metrics.Sink
	chunks, files, fileBytes *prometheus.CounterVec
	waitingBytes             prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer, sink string, lag prometheus.Collector) (*archiveMetrics, error) {
	s, err := metrics.New(reg, sink, lag)
	if err != nil {
		return nil, err
	}
	m := &archiveMetrics{
		Sink:         s,
		chunks:       s.Counter("chunks_total", "Chunks archived, by what ended them: log, idle, decided.", "topic", "end"),
		files:        s.Counter("files_total", "Files uploaded, by result: written, or existed already.", "table", "result"),
		fileBytes:    s.Counter("file_bytes_total", "Size of the uploaded files.", "table"),
		waitingBytes: s.Gauge("waiting_bytes", "Bytes of sealed chunks that wait on disk to be archived."),
	}
	return m, m.Register(reg, m.chunks, m.files, m.fileBytes, m.waitingBytes)
}
