package processors_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/processors"
	"tabiya/schemas"
)

// laterRow is the row of a counter as the release after this one might write it.
func laterRow(key string, version int64) *kgo.Record {
	raw := counterTable().Encode(key, &counter{head: schemas.Head{Version: version, Offset: -1}})
	raw[0] += schemas.LatestFormat - schemas.OldestFormat + 1
	return &kgo.Record{Topic: schemas.GamesTable, Key: []byte(key), Value: raw}
}

// onPartition returns the first key of "ga", "gb" and so on that belongs on a partition.
func onPartition(number, partitions int32) string {
	for n := 0; ; n++ {
		if key := "g" + string(rune('a'+n)); kafka.PartitionOf(key, partitions) == number {
			return key
		}
	}
}

func gaugeOf(t *testing.T, reg *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// startLogged starts a processor whose log and metrics can be read. stop waits for
// its end and returns the error of Run.
func (r *rig) startLogged() (p *processors.Processor[*counter], logged *lockedBuffer, reg *prometheus.Registry, stop func() error) {
	r.t.Helper()
	logged, reg = &lockedBuffer{}, prometheus.NewRegistry()
	p, err := processors.New(processors.Config{Kafka: r.Config, Logger: slog.New(slog.NewTextHandler(logged, nil)), Registerer: reg}, counterTable(), counterCore{})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	r.t.Cleanup(func() { _ = stop() })
	return p, logged, reg, stop
}

func TestRowOfALaterFormatCostsItsPartitionAlone(t *testing.T) {
	t.Parallel()
	const partitions = 2
	r := newRig(t, partitions)
	later, other := onPartition(0, partitions), onPartition(1, partitions)
	r.produce(laterRow(later, 1))
	p, logged, reg, stop := r.startLogged()
	r.send(move(later, moveWhite, 1), move(other, moveWhite, 2))
	if ev := r.waitLog(schemas.GameEvents, 1)[0]; string(ev.Key) != other {
		t.Fatalf("the event is of %s", ev.Key)
	}
	r.waitCommitted(1, 1)
	eventually.True(t, "the processor to say that it is not ready", func() bool {
		err := p.Ready()
		return err != nil && strings.Contains(err.Error(), "partition 0 is given up")
	})
	if n := gaugeOf(t, reg, "tabiya_given_up_partitions"); n != 1 {
		t.Errorf("the metric says %v given up partitions", n)
	}

	// A member that comes and goes makes the group assign the partitions anew.
	_, _, _, stopSecond := r.startLogged()
	r.send(move(other, moveBlack, 3))
	r.waitLog(schemas.GameEvents, 2)
	if err := stopSecond(); err != nil {
		t.Error(err)
	}
	r.send(move(other, moveWhite, 4))
	r.waitLog(schemas.GameEvents, 3)
	if err := stop(); err != nil {
		t.Errorf("Run returned %v", err)
	}
	if n := strings.Count(logged.String(), "partition given up"); n != 1 {
		t.Errorf("%d lines say that the partition is given up:\n%s", n, logged)
	}
	if strings.Contains(logged.String(), "quarantined") {
		t.Errorf("a row of a later release was quarantined:\n%s", logged)
	}
	if got := r.committed(0); got > 0 {
		t.Errorf("the commands of the partition are committed up to %d", got)
	}
	if n := len(r.log(schemas.CommandReplies)) + len(r.log(schemas.DeadLetter(schemas.GameCommands))); n != 0 {
		t.Errorf("there are %d replies and dead letters", n)
	}
}

func TestCommandsOfAGivenUpPartitionWaitForTheNextOwner(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.produce(laterRow("g", 5), laterRow("h", 5))
	waiting := move("k", moveWhite, 1)
	_, _, _, stop := r.startLogged()
	r.send(waiting)
	stale := &counter{head: schemas.Head{Version: 4, Offset: -1}}
	newer := &counter{head: schemas.Head{Version: 6, Offset: -1}}
	r.produce( // a stale owner's row behind g's, and a newer one behind h's
		&kgo.Record{Topic: schemas.GamesTable, Key: []byte("g"), Value: counterTable().Encode("g", stale)},
		&kgo.Record{Topic: schemas.GamesTable, Key: []byte("h"), Value: counterTable().Encode("h", newer)},
	)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	p, logged, _, stop := r.startLogged()
	eventually.True(t, "the partition to be given up again", func() bool {
		return strings.Contains(logged.String(), "partition given up")
	})
	if !strings.Contains(logged.String(), "key=g ") || !strings.Contains(logged.String(), "rows=1") || p.Ready() == nil {
		t.Errorf("Ready is %v, and the log says:\n%s", p.Ready(), logged)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.produce(&kgo.Record{Topic: schemas.GamesTable, Key: []byte("g")}) // a tombstone, instead of a later release
	p, _, _, _ = r.startLogged()
	if ev, err := schemas.DecodeEvent(r.waitLog(schemas.GameEvents, 1)[0].Value); err != nil || ev.CommandID != waiting.ID {
		t.Errorf("got %+v: %v", ev, err)
	}
	eventually.True(t, "the processor to be ready", func() bool { return p.Ready() == nil })
}
