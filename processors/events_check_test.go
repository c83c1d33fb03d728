package processors_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/processors"
	"tabiya/schemas"
)

// lines collects a log.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), what)
}

func TestProcessorRefusesAnEventsTopicThatDeletesEventsUntilItIsMended(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	kafkatest.SetTopicConfig(t, r.Config, schemas.GameEvents, "cleanup.policy", "compact")
	r.send(move("g", moveWhite, 1))
	var log lines
	p, err := processors.New(processors.Config{Kafka: r.Config, Logger: slog.New(slog.NewTextHandler(&log, nil))}, counterTable(), counterCore{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := p.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	eventually.True(t, "the refusal", func() bool { return errors.Is(p.Ready(), kafka.ErrEventsDeleted) })
	for _, want := range []string{"game-events has cleanup.policy=compact", "tabiya topics create --fix --partitions=2 --replication=1 --min-isr=1"} {
		if reason := p.Ready().Error(); !strings.Contains(reason, want) {
			t.Errorf("not ready: %q does not name %q", reason, want)
		}
	}
	if events := r.log(schemas.GameEvents); len(events) > 0 {
		t.Errorf("%d events written", len(events))
	}
	if err := kafka.EnsureTopics(t.Context(), r.Config, kafka.TopicOptions{Partitions: 2, Replication: 1, MinISR: 1, Fix: true}); err != nil {
		t.Fatal(err)
	}
	eventually.True(t, "the processor is ready without a restart", func() bool { return p.Ready() == nil })
	r.waitLog(schemas.GameEvents, 1)
	if n := log.count("cleanup.policy=compact"); n != 1 {
		t.Errorf("the log says it %d times", n)
	}
}
