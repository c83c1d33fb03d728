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
	"github.com/twmb/franz-go/pkg/kmsg"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
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

// startBehind starts a processor that recovers after topology and the table were written
// by a later release: it waits at the group until then.
func (r *rig) startBehind(format int, rows ...*kgo.Record) (m *member, logged *lockedBuffer, reg *prometheus.Registry) {
	r.t.Helper()
	r.RequireFake(r.t)
	joining, written := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.Fake.ControlKey(int16(kmsg.JoinGroup), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if join, ok := req.(*kmsg.JoinGroupRequest); !ok || join.Group != schemas.GamesGroup {
			r.Fake.KeepControl()
			return nil, nil, false
		}
		r.Fake.KeepControl()
		once.Do(func() { close(joining) })
		r.Fake.SleepControl(func() { <-written })
		return nil, nil, false
	})
	logged, reg = &lockedBuffer{}, prometheus.NewRegistry()
	m = r.startConfig(processors.Config{Kafka: r.Config, Logger: slog.New(slog.NewTextHandler(logged, nil)), Registerer: reg})
	<-joining
	r.raiseTo(format)
	r.produce(rows...)
	close(written)
	return m, logged, reg
}

// raiseTo raises the format of games as a later release does.
func (r *rig) raiseTo(format int) {
	r.t.Helper()
	client, err := kgo.NewClient(r.Config.Opts()...)
	if err != nil {
		r.t.Fatal(err)
	}
	defer client.Close()
	now, err := topology.Read(r.t.Context(), client)
	if err != nil {
		r.t.Fatal(err)
	}
	game := now.Of(schemas.GamesTable)
	game.Format = format
	r.produce(&kgo.Record{Topic: schemas.TopologyTopic, Key: []byte(game.Aggregate), Value: game.Encode()})
}

// Topology tells a later release's row from a forged one. In the seconds until the
// processor sees topology, it handles none of the partition's commands.
func TestRowOfALaterFormatCostsItsPartitionAlone(t *testing.T) {
	t.Parallel()
	const partitions = 2
	r := newRig(t, partitions)
	later, other := onPartition(0, partitions), onPartition(1, partitions)
	r.send(move(later, moveWhite, 1), move(other, moveWhite, 2))
	stale := &counter{head: schemas.Head{Version: 4, Offset: -1}} // a stale owner's
	m, logged, reg := r.startBehind(schemas.LatestFormat+1, laterRow(later, 5),
		&kgo.Record{Topic: schemas.GamesTable, Key: []byte(later), Value: counterTable().Encode(later, stale)})
	eventually.True(t, "the partition to be given up", func() bool { return strings.Contains(logged.String(), "partition given up") })
	if !strings.Contains(logged.String(), "key="+later+" ") || !strings.Contains(logged.String(), "rows=1") {
		t.Errorf("the log says:\n%s", logged)
	}
	if n := gaugeOf(t, reg, "tabiya_given_up_partitions"); n != 1 {
		t.Errorf("the metric says %v given up partitions", n)
	}
	m.wantMismatch("run a later release")
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

// The key's good row is newer, or a newer one follows.
func TestOlderRowOfALaterFormatIsNotUsed(t *testing.T) {
	t.Parallel()
	row := func(key string, version int64) *kgo.Record {
		value := counterTable().Encode(key, &counter{head: schemas.Head{Version: version, Offset: -1}})
		return &kgo.Record{Topic: schemas.GamesTable, Key: []byte(key), Value: value}
	}
	r := newRig(t, 1)
	r.send(move("g", moveWhite, 1), move("h", moveWhite, 1))
	r.startBehind(schemas.LatestFormat+1, row("g", 6), laterRow("g", 5), laterRow("h", 5), row("h", 6))
	r.waitLog(schemas.GameEvents, 2)
}

// No release of ours writes a format that topology does not have.
func TestRowOfAFormatThatTopologyLacksCostsItsKeyAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.produce(laterRow("g", 1<<40))
	p, logged, reg, _ := r.startLogged()
	eventually.True(t, "the processor to be ready", func() bool { return p.Ready() == nil })
	refused := move("g", moveWhite, 1)
	r.send(refused, move("other", moveWhite, 2))
	r.expectReply(refused, schemas.CodeQuarantined)
	r.waitLog(schemas.GameEvents, 1)
	if n := gaugeOf(t, reg, "tabiya_quarantined_keys"); n != 1 || strings.Contains(logged.String(), "given up") {
		t.Errorf("%v keys are quarantined, and the log says:\n%s", n, logged)
	}
}
