package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// lagEvery is how often the end offsets are asked for.
const lagEvery = 5 * time.Second

// Lag tells how far a consumer is behind its topics, as Prometheus metrics: in
// records, and in seconds since the last record it has handled (0 if there is
// none waiting). The consumer reports Begin, Progress and Forget; these may be
// called on a nil Lag, and do nothing then.
type Lag struct {
	cfg    Config
	logger *slog.Logger

	records, seconds *prometheus.Desc

	mu   sync.Mutex
	from map[topicPartition]*position
}

// position is where a consumer is in a partition.
type position struct {
	next     int64
	at       time.Time // broker time of the last record handled
	end      int64     // when it was asked for last
	caughtUp time.Time // when nothing was waiting, last
}

// NewLag makes the metrics of one consumer, which its name labels.
func NewLag(cfg Config, consumer string, logger *slog.Logger) *Lag {
	labels := []string{"topic", "partition"}
	fixed := prometheus.Labels{"consumer": consumer}
	return &Lag{
		cfg:     cfg,
		logger:  logger,
		records: prometheus.NewDesc("tabiya_consumer_lag_records", "Records not handled yet.", labels, fixed),
		seconds: prometheus.NewDesc("tabiya_consumer_lag_seconds", "Age of the last record handled while others wait, else 0.", labels, fixed),
		from:    make(map[topicPartition]*position),
	}
}

// Begin notes that the consumer takes a partition from the record next on;
// a negative next is not known yet.
func (l *Lag) Begin(topic string, partition int32, next int64) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from[topicPartition{topic, partition}] = &position{next: max(next, 0), end: max(next, 0), caughtUp: time.Now()}
}

// Progress notes that all records before next are handled; at is the broker
// time of the last of them.
func (l *Lag) Progress(topic string, partition int32, next int64, at time.Time) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok := l.from[topicPartition{topic, partition}]; ok {
		p.next, p.at = next, at
	}
}

// Forget notes that the partition is somebody else's now.
func (l *Lag) Forget(topic string, partition int32) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.from, topicPartition{topic, partition})
}

// Describe and Collect implement prometheus.Collector.
func (l *Lag) Describe(ch chan<- *prometheus.Desc) {
	ch <- l.records
	ch <- l.seconds
}

func (l *Lag) Collect(ch chan<- prometheus.Metric) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for tp, p := range l.from {
		records, seconds := p.behind(now)
		partition := strconv.Itoa(int(tp.partition))
		ch <- prometheus.MustNewConstMetric(l.records, prometheus.GaugeValue, float64(records), tp.topic, partition)
		ch <- prometheus.MustNewConstMetric(l.seconds, prometheus.GaugeValue, seconds.Seconds(), tp.topic, partition)
	}
}

func (p *position) behind(now time.Time) (int64, time.Duration) {
	records := max(p.end-p.next, 0)
	if records == 0 {
		return 0, 0
	}
	since := p.at
	if p.caughtUp.After(since) { // the topic was idle: what waits is younger
		since = p.caughtUp
	}
	return records, max(now.Sub(since), 0)
}

// Run keeps the end offsets fresh until ctx is done.
func (l *Lag) Run(ctx context.Context) error {
	client, err := kgo.NewClient(l.cfg.Opts()...)
	if err != nil {
		return fmt.Errorf("watch lag: %w", err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	tick := time.NewTicker(lagEvery)
	defer tick.Stop()
	for {
		if err := l.refresh(ctx, adm); err != nil && ctx.Err() == nil {
			l.logger.Debug("end offsets are not known", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (l *Lag) refresh(ctx context.Context, adm *kadm.Client) error {
	ctx, cancel := context.WithTimeout(ctx, lagEvery)
	defer cancel()
	topics := l.topics()
	if len(topics) == 0 {
		return nil
	}
	ends, err := adm.ListEndOffsets(ctx, topics...)
	if err := errors.Join(err, ends.Error()); err != nil {
		return err
	}
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for tp, p := range l.from {
		if end, ok := ends.Lookup(tp.topic, tp.partition); ok {
			p.end = end.Offset
		}
		if p.next >= p.end {
			p.caughtUp = now
		}
	}
	return nil
}

func (l *Lag) topics() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := make(map[string]bool)
	var topics []string
	for tp := range l.from {
		if !seen[tp.topic] {
			seen[tp.topic] = true
			topics = append(topics, tp.topic)
		}
	}
	return topics
}
