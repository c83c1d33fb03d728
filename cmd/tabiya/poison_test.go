package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/auth"
	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/supervise"
	"tabiya/schemas"
	"tabiya/tables"
)

// startServices runs the services that read topics, without listeners. It returns their
// parts.
func (p *platform) startServices() []supervise.Part {
	p.t.Helper()
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	n := newNode(slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	if err := n.addServices(ctx, dependencies{kafka: p.Config, keys: auth.SingleKey(public), regions: []string{"eu"}}, "matchmaking", "livegame"); err != nil {
		p.t.Fatal(err)
	}
	var ended []chan error
	for _, part := range n.services {
		done := make(chan error, 1)
		ended = append(ended, done)
		go func() { done <- part.Run(ctx) }()
	}
	p.t.Cleanup(func() {
		cancel()
		for i, done := range ended {
			if err := <-done; err != nil {
				p.t.Errorf("%s ended with %v", n.services[i].Name, err)
			}
		}
		for _, closeIt := range n.closers {
			closeIt()
		}
	})
	for _, part := range n.services {
		eventually.NoError(p.t, part.Name+" to be ready", part.Ready)
	}
	return n.services
}

// oversized is as large a value as a broker accepts, and larger than what a processor may
// write.
var oversized = bytes.Repeat([]byte("poison"), 170_000)

// poisonsFor returns the records that no topic should hold. valid are records that the
// topic does hold.
func poisonsFor(topic string, compacted bool, partitions int32, valid []*kgo.Record) []*kgo.Record {
	key := func() []byte { return []byte(schemas.NewID()) }
	unknown := func(kind string) []byte {
		return fmt.Appendf(nil, `{"%[1]sId":%[2]q,"%[1]sType":"Unheard","schemaVersion":99,"gameId":%[2]q,"seq":1,"occurredAt":"2026-11-28T00:00:00.000Z","region":"eu","actor":"system","commandId":%[2]q,"payload":{}}`, kind, schemas.NewID())
	}
	all := []*kgo.Record{
		{Key: key(), Value: []byte("\x00\xff\xfe garbage \x80")},
		{Key: key(), Value: []byte{}},
		{Key: key()}, // a tombstone
		{Key: []byte("\xff\x00\xfe"), Value: []byte("a garbage key")},
		{Key: key(), Value: []byte("garbage headers"), Headers: []kgo.RecordHeader{
			{Key: schemas.HeaderType, Value: []byte("\xff")}, {Key: "", Value: nil},
			{Key: schemas.HeaderPlace, Value: []byte("9223372036854775807")}, {Key: tables.HeaderOffset, Value: []byte("x")},
			{Key: schemas.HeaderRow, Value: oversized[:800_000]},
		}},
		{Key: key(), Value: oversized},
		{Key: key(), Value: unknown("command")},
		{Key: key(), Value: unknown("event")},
		{Key: key(), Value: unknown("reply")},
	}
	if !compacted { // else the broker refuses it
		all = append(all, &kgo.Record{Value: []byte("without a key")})
	}
	for _, r := range all {
		r.Topic = topic
		r.Partition = kafka.PartitionOf(string(r.Key), partitions)
	}
	if len(valid) > 0 && partitions > 1 {
		r := valid[0]
		all = append(all, &kgo.Record{Topic: topic, Key: r.Key, Value: r.Value, Headers: r.Headers, Partition: (r.Partition + 1) % partitions})
	}
	return all
}

// Every topic gets every poison while games go on. No move is lost and no other key is
// affected, also after a restart, every poison is a dead letter or listed, and the sinks
// lose no row.
func TestPoisonsOnEveryTopicWhileGamesGoOn(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	processors := startProcessors(t, p.Config)
	services, sinks := p.startServices(), p.startSinks()
	ids := p.register(8)
	queueKey, lost := schemas.QueueKey("eu", "30+20", 0), schemas.QueueKey("eu", "5+3", 0)
	p.pair(ids[:6], queueKey)
	p.accept(join(ids[6], schemas.QueueKey("eu", "15+10", 0)))
	p.accept(join(ids[7], lost))
	p.playAll(rows(p, tables.Games()))

	client, err := kgo.NewClient(append(p.Config.Opts(), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(1<<20))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var poisons []*kgo.Record
	for _, topic := range schemas.Topics() {
		partitions := int32(1)
		if topic.Partitioned {
			partitions = platformPartitions
		}
		poisons = append(poisons, poisonsFor(topic.Name, topic.Cleanup == schemas.Compact, partitions, p.log(topic.Name))...)
	}
	poisons = append(poisons, &kgo.Record{
		Topic: schemas.MatchmakingTable, Key: []byte(lost), Value: []byte("garbage"), Partition: kafka.PartitionOf(lost, platformPartitions),
	})
	sent := make(chan error, 1)
	go func() { sent <- client.ProduceSync(context.Background(), poisons...).FirstErr() }()
	p.playAll(rows(p, tables.Games()))
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	p.playAll(rows(p, tables.Games()))
	p.accounted(poisons)

	for _, r := range processors {
		r.stop()
	}
	p.endWithMarkers()
	processors = startProcessors(t, p.Config)
	p.playAll(rows(p, tables.Games()))
	p.repair(lost)
	p.waitIdle(ids[7])
	live := rows(p, tables.Games())
	for id, g := range live {
		if g.Plies != 4 || g.Over() {
			t.Errorf("game %s has %d plies, over: %t", id, g.Plies, g.Over())
		}
	}
	if len(live) != 3 {
		t.Errorf("%d games are live, want 3", len(live))
	}
	p.resignAll(live)
	sinks.wait(p)
	for _, part := range services {
		if err := part.Ready(); err != nil {
			t.Errorf("%s is not ready: %v", part.Name, err)
		}
	}
	for _, r := range processors {
		for _, name := range []string{"tabiya_quarantined_keys", "tabiya_misplaced_rows"} {
			if r.gauge(name) == 0 {
				t.Errorf("%s has %s 0", r.Name, name)
			}
		}
	}
}

// endWithMarkers writes a transaction to every partition of every topic. It ends with a
// marker, for which no read may wait.
func (p *platform) endWithMarkers() {
	p.t.Helper()
	var garbage []*kgo.Record
	for _, topic := range schemas.Topics() {
		partitions := int32(1)
		if topic.Partitioned {
			partitions = platformPartitions
		}
		for partition := range partitions {
			garbage = append(garbage, &kgo.Record{Topic: topic.Name, Partition: partition, Key: []byte("in a transaction"), Value: []byte("garbage")})
		}
	}
	p.Transact(p.t, kgo.TryCommit, garbage...)
}

func (r *running) gauge(name string) float64 {
	r.t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	r.t.Fatalf("there is no metric %s", name)
	return 0
}

// accounted waits until each poison of a commands topic and each undecodable reply is a
// dead letter, and checks that each poison of a table is listed. Those of events topics are
// the sinks' to judge, see sinks.agree.
func (p *platform) accounted(poisons []*kgo.Record) {
	p.t.Helper()
	listed := make(map[string]bool)
	for _, r := range p.setAside() {
		listed[fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset)] = true
	}
	for _, r := range poisons {
		source := fmt.Sprintf("%s/%d/%d", r.Topic, r.Partition, r.Offset)
		switch {
		case strings.HasSuffix(r.Topic, "-table"):
			if r.Value != nil && !listed[source] {
				p.t.Errorf("%s is not listed: %.40q", source, r.Value)
			}
		case strings.HasSuffix(r.Topic, "-commands"):
			p.waitDeadLetter(source, r)
		}
	}
}

func (p *platform) waitDeadLetter(source string, r *kgo.Record) {
	p.t.Helper()
	eventually.True(p.t, fmt.Sprintf("the dead letter of %s, %.40q", source, r.Value), func() bool {
		for _, dead := range p.log(schemas.DeadLetter(r.Topic)) {
			if string(kafka.Header(dead, schemas.HeaderSource)) == source {
				return true
			}
		}
		return false
	})
}
