package livegame

import "github.com/prometheus/client_golang/prometheus"

// metrics of the service. Requests are counted by httpx, lag by kafka.Lag.
type metrics struct {
	latency  prometheus.Histogram
	answered *prometheus.CounterVec
	events   prometheus.Counter
	skipped  *prometheus.CounterVec
	rereads  prometheus.Counter
	unknown  *prometheus.CounterVec
	tooSlow  prometheus.Counter
	unsent   *prometheus.CounterVec
	logBytes prometheus.Counter
}

func newMetrics() *metrics {
	return &metrics{
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "tabiya_livegame_answer_seconds",
			Help:    "Time from sending a command to reading its event or reply back.",
			Buckets: []float64{.0005, .001, .002, .004, .008, .016, .032, .064, .128, .256, .512, 1, 2, 5},
		}),
		answered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tabiya_livegame_answers_total",
			Help: "Commands answered, by command and by answer: accepted or an error code.",
		}, []string{"command", "answer"}),
		events: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tabiya_livegame_events_total",
			Help: "Events folded.",
		}),
		skipped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tabiya_livegame_records_skipped_total",
			Help: "Records that could not be decoded or applied, by topic.",
		}, []string{"topic"}),
		rereads: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tabiya_livegame_rereads_total",
			Help: "Reads of games-table because a game lacked an event.",
		}),
		unknown: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tabiya_livegame_unknown_types_total",
			Help: "Records skipped because this release does not know their type, by topic.",
		}, []string{"topic"}),
		tooSlow: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tabiya_livegame_slow_readers_total",
			Help: "Sockets and streams that were cut off because the client read too slowly.",
		}),
		unsent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tabiya_livegame_unsent_total",
			Help: "Players' commands refused before Kafka: in_flight, the player has too many; hopeless, no event can make it acceptable; unlikely, it would be refused now, and too many of the player's were.",
		}, []string{"why"}),
		logBytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tabiya_livegame_past_bytes_total",
			Help: "Bytes of the log read for the streams of finished games.",
		}),
	}
}

// register registers the metrics, and gauges that read the service.
func (m *metrics) register(r prometheus.Registerer, s *Service) {
	r.MustRegister(s.lag, m.latency, m.answered, m.events, m.skipped, m.rereads, m.unknown, m.tooSlow, m.unsent, m.logBytes,
		gauge("tabiya_livegame_games", "Games held.", func() float64 { return float64(s.games.Len()) }),
		gauge("tabiya_livegame_waiting_commands", "Commands that wait for their event.", func() float64 { return float64(s.commands.Len()) }),
		gauge("tabiya_livegame_connections", "Open sockets and streams.", func() float64 { return float64(s.connections.Len()) }),
	)
}

func gauge(name, help string, f func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f)
}
