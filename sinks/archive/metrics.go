package archive

import (
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/sinks/tally"
)

// metrics of one archive sink.
type metrics struct {
	*tally.Tally
	chunks, files, fileBytes *prometheus.CounterVec
	held                     prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer, sink string, lag prometheus.Collector) (*metrics, error) {
	t, err := tally.New(reg, sink, lag)
	if err != nil {
		return nil, err
	}
	m := &metrics{
		Tally:     t,
		chunks:    t.Counter("chunks_total", "Chunks archived, by what ended them: log, idle, decided.", "topic", "end"),
		files:     t.Counter("files_total", "Files put into the bucket; existed: they were there already.", "table", "result"),
		fileBytes: t.Counter("file_bytes_total", "Size of those files.", "table"),
		held:      t.Gauge("waiting_bytes", "Bytes of ended chunks that wait on disk to be archived."),
	}
	return m, t.Register(reg, m.chunks, m.files, m.fileBytes, m.held)
}
