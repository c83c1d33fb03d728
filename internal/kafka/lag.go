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

// lagInterval is how often Lag fetches the end offsets.
const lagInterval = 5 * time.Second

// Lag is a Prometheus collector for how far a consumer is behind its topics: in
// records, and in seconds since the last record it handled (0 if no record is
// waiting). The consumer calls Begin, Progress and Forget, which do nothing on a
// nil Lag.
type Lag struct {
	cfg    Config
	logger *slog.Logger

	records, seconds *prometheus.Desc

	mu         sync.Mutex
	partitions map[topicPartition]*partitionLag
}

// partitionLag is what Lag knows about one partition.
type partitionLag struct {
	next     int64     // offset of the next record to handle
	at       time.Time // broker time of the last record handled
	end      int64     // end offset at the last fetch
	caughtUp time.Time // when the consumer was last at the end
}

// NewLag makes the metrics of one consumer, whose name becomes a label.
func NewLag(cfg Config, consumer string, logger *slog.Logger) *Lag {
	labels := []string{"topic", "partition"}
	fixed := prometheus.Labels{"consumer": consumer}
	return &Lag{
		cfg:        cfg,
		logger:     logger,
		records:    prometheus.NewDesc("tabiya_consumer_lag_records", "Records not handled yet.", labels, fixed),
		seconds:    prometheus.NewDesc("tabiya_consumer_lag_seconds", "Age of the last record handled while others wait, else 0.", labels, fixed),
		partitions: make(map[topicPartition]*partitionLag),
	}
}

// Begin records that the consumer has got a partition and will read from offset
// next on. A negative next means that the offset is not known yet.
func (l *Lag) Begin(topic string, partition int32, next int64) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partitions[topicPartition{topic, partition}] = &partitionLag{next: max(next, 0), end: max(next, 0), caughtUp: time.Now()}
}

// Progress records that all records before offset next are handled. at is the
// broker time of the last of them.
func (l *Lag) Progress(topic string, partition int32, next int64, at time.Time) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, ok := l.partitions[topicPartition{topic, partition}]; ok {
		p.next, p.at = next, at
	}
}

// Forget records that the consumer has lost the partition.
func (l *Lag) Forget(topic string, partition int32) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.partitions, topicPartition{topic, partition})
}

// Describe implements prometheus.Collector.
func (l *Lag) Describe(ch chan<- *prometheus.Desc) {
	ch <- l.records
	ch <- l.seconds
}

// Collect implements prometheus.Collector.
func (l *Lag) Collect(ch chan<- prometheus.Metric) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for tp, p := range l.partitions {
		records, seconds := p.behind(now)
		partition := strconv.Itoa(int(tp.partition))
		ch <- prometheus.MustNewConstMetric(l.records, prometheus.GaugeValue, float64(records), tp.topic, partition)
		ch <- prometheus.MustNewConstMetric(l.seconds, prometheus.GaugeValue, seconds.Seconds(), tp.topic, partition)
	}
}

func (p *partitionLag) behind(now time.Time) (int64, time.Duration) {
	records := max(p.end-p.next, 0)
	if records == 0 {
		return 0, 0
	}
	since := p.at
	if p.caughtUp.After(since) { // the topic was idle, so the waiting records are younger
		since = p.caughtUp
	}
	return records, max(now.Sub(since), 0)
}

// Run fetches the end offsets every few seconds until ctx is done.
func (l *Lag) Run(ctx context.Context) error {
	client, err := kgo.NewClient(l.cfg.Opts()...)
	if err != nil {
		return fmt.Errorf("watch lag: %w", err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	tick := time.NewTicker(lagInterval)
	defer tick.Stop()
	for {
		if err := l.refresh(ctx, adm); err != nil && ctx.Err() == nil {
			l.logger.Debug("end offsets unavailable", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (l *Lag) refresh(ctx context.Context, adm *kadm.Client) error {
	ctx, cancel := context.WithTimeout(ctx, lagInterval)
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
	for tp, p := range l.partitions {
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
	for tp := range l.partitions {
		if !seen[tp.topic] {
			seen[tp.topic] = true
			topics = append(topics, tp.topic)
		}
	}
	return topics
}
