package processors_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/processors"
	"tabiya/schemas"
	"tabiya/tables"
)

// A valid command on the wrong partition costs itself only: others with the same key
// and on the same partition are handled.
func TestMisdirectedCommandGoesToTheDeadLettersOfEveryGroup(t *testing.T) {
	t.Parallel()
	for topic, g := range groups() {
		t.Run(topic, func(t *testing.T) {
			t.Parallel()
			const partitions = 4
			r := newRig(t, partitions)
			reg := prometheus.NewRegistry()
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() {
				ended <- g.run(ctx, processors.Config{Kafka: r.Config, Logger: slog.New(slog.DiscardHandler), Registerer: reg})
			}()
			stop := func() {
				cancel()
				if err := <-ended; err != nil {
					t.Errorf("run: %v", err)
				}
				ended <- nil // for the next call of stop
			}
			t.Cleanup(stop)

			// The key of the command that follows belongs on the partition.
			misdirected := g.command(0)
			right := kafka.PartitionOf(misdirected.Key, partitions)
			next := g.command(1)
			for n := 2; kafka.PartitionOf(next.Key, partitions) == right; n++ {
				next = g.command(n)
			}
			wrong := kafka.PartitionOf(next.Key, partitions)
			rec := misdirected.Record()
			r.produceTo(wrong, &kgo.Record{Topic: rec.Topic, Key: []byte(rec.Key), Value: rec.Value})
			r.send(misdirected, next)
			eventually.True(t, "the commits", func() bool {
				return r.committedBy(g.name, topic, wrong) == 2 && r.committedBy(g.name, topic, right) == 1
			})
			stop()

			accepted := map[string]int{}
			for _, rec := range r.log(g.event.Topic()) {
				ev, err := schemas.DecodeEvent(rec.Value)
				if err != nil {
					t.Fatal(err)
				}
				if ev.Type == g.event {
					accepted[ev.CommandID]++
					if want := kafka.PartitionOf(ev.Key, partitions); rec.Partition != want {
						t.Errorf("an event of %s is on partition %d, want %d", ev.Key, rec.Partition, want)
					}
				}
			}
			if len(accepted) != 2 || accepted[misdirected.ID] != 1 || accepted[next.ID] != 1 {
				t.Errorf("accepted commands: %v", accepted)
			}
			dead := r.log(schemas.DeadLetter(topic))
			if len(dead) != 1 {
				t.Fatalf("there are %d dead letters, want 1", len(dead))
			}
			h := headers(dead[0])
			reason := fmt.Sprintf("the record is on partition %d, but its key belongs on partition %d", wrong, right)
			if h[schemas.HeaderReason] != reason || h[schemas.HeaderSource] != fmt.Sprintf("%s/%d/0", topic, wrong) ||
				string(dead[0].Value) != string(misdirected.Record().Value) {
				t.Errorf("dead letter %q has headers %v", dead[0].Value, h)
			}
			if n := valueOf(t, reg, "tabiya_misdirected_records_total"); n != 1 {
				t.Errorf("%v misdirected records were counted", n)
			}
		})
	}
}

// wantMismatch waits for the end of a member's Run and checks why it ended.
func (m *member) wantMismatch(parts ...string) {
	m.t.Helper()
	err := m.wait()
	if !errors.Is(err, topology.ErrMismatch) {
		m.t.Fatalf("Run returned %v", err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			m.t.Errorf("Run returned %q, want it to say %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		m.t.Errorf("the error has several lines: %q", err)
	}
	if m.Ready() == nil {
		m.t.Error("the stopped processor is ready")
	}
}

// After kafka-topics --alter, keys would hash to other partitions than those that
// hold their rows.
func TestMorePartitionsStopTheProcessorAndMoveNoKey(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	producer, err := kafka.NewProducerFor(r.Config, counts{2, nil})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(producer.Close)
	m := r.start()
	if _, err := r.admin().CreatePartitions(t.Context(), 1, schemas.GameCommands); err != nil {
		t.Fatal(err)
	}
	m.wantMismatch("topic game-commands has 3 partitions, not 2", "tabiya topics adopt")
	r.startUnready().wantMismatch("topic game-commands has 3 partitions, not 2")

	for i := range 50 {
		if err := producer.Send(t.Context(), move(fmt.Sprint("game-", i), moveWhite, 1)); err != nil {
			t.Fatal(err)
		}
	}
	for _, rec := range r.log(schemas.GameCommands) {
		if want := kafka.PartitionOf(string(rec.Key), 2); rec.Partition != want {
			t.Errorf("%s went to partition %d, want %d", rec.Key, rec.Partition, want)
		}
	}
}

type counts struct {
	n   int32
	err error
}

func (c counts) Partitions(string) (int32, error) { return c.n, c.err }

func TestRecreatedTopicStopsTheProcessor(t *testing.T) {
	t.Parallel()
	for _, topic := range []string{schemas.GameCommands, schemas.GameEvents} {
		t.Run(topic, func(t *testing.T) {
			r := newRig(t, 2)
			m := r.start()
			r.send(move("g", moveWhite, 1))
			r.waitLog(schemas.GameEvents, 1)
			r.recreate(topic, 2)
			m.wantMismatch("topic "+topic+" was created again", "tabiya topics adopt")
			r.startUnready().wantMismatch("topic " + topic + " was created again")
		})
	}
}

func TestDeletedTopicStopsTheProcessor(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	m := r.start()
	r.delete(schemas.GameCommands)
	m.wantMismatch("topic game-commands does not exist any more", "tabiya topics create")
}

// aheadOfTheLog are records of g that name a command beyond the end of the log: a row,
// and a tombstone.
func aheadOfTheLog(key string) map[string]*kgo.Record {
	header := []kgo.RecordHeader{{Key: tables.HeaderOffset, Value: []byte("7")}}
	row := counterTable().Encode(key, &counter{head: schemas.Head{Version: 5, Offset: 7}})
	return map[string]*kgo.Record{
		"row":       {Topic: schemas.GamesTable, Key: []byte(key), Value: row},
		"tombstone": {Topic: schemas.GamesTable, Key: []byte(key), Headers: header},
	}
}

// A log that lost records at its end keeps its id.
func TestRowsAheadOfTheLogStopTheProcessor(t *testing.T) {
	t.Parallel()
	for what := range aheadOfTheLog("g") {
		for _, evidence := range []string{"another key", "committed offset"} {
			t.Run(what+" and "+evidence, func(t *testing.T) {
				r := newRig(t, 1)
				r.send(move("g", moveWhite, 1))
				r.produce(aheadOfTheLog("g")[what])
				if evidence == "another key" {
					r.produce(aheadOfTheLog("h")[what])
				} else {
					committed := kadm.Offsets{}
					committed.AddOffset(schemas.GameCommands, 0, 8, -1)
					if err := r.admin().CommitAllOffsets(t.Context(), schemas.GamesGroup, committed); err != nil {
						t.Fatal(err)
					}
				}
				r.startUnready().wantMismatch("game-commands/0 ends at offset 1", "the command at 7 was decided already", "tabiya topics adopt")
			})
		}
	}
}

// One forged record costs its key, which a tombstone or a good row brings back.
func TestOneKeyAheadOfTheLogIsQuarantined(t *testing.T) {
	t.Parallel()
	for what := range aheadOfTheLog("g") {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 1)
			stale := counterTable().Encode("g", &counter{head: schemas.Head{Version: 1, Offset: -1}})
			good := counterTable().Encode("g", &counter{head: schemas.Head{Version: 2, Offset: -1}})
			r.produce(&kgo.Record{Topic: schemas.GamesTable, Key: []byte("g"), Value: good}, aheadOfTheLog("g")[what],
				&kgo.Record{Topic: schemas.GamesTable, Key: []byte("g"), Value: stale})
			m := r.start()
			refused := move("g", moveWhite, 1)
			r.send(refused, move("other", moveWhite, 2))
			r.expectReply(refused, schemas.CodeQuarantined)
			r.waitLog(schemas.GameEvents, 1)
			if err := m.stop(); err != nil {
				t.Fatal(err)
			}
			records := r.log(schemas.GamesTable)
			last := records[slices.IndexFunc(records, func(rec *kgo.Record) bool { return rec.Offset == 3 })]
			if want := aheadOfTheLog("g")[what]; string(last.Key) != "g" || string(last.Value) != string(want.Value) || headers(last)[tables.HeaderOffset] != headers(want)[tables.HeaderOffset] {
				t.Errorf("the record behind the stale owner's row is %v, want the one ahead of the log again", last)
			}
			r.produce(&kgo.Record{Topic: schemas.GamesTable, Key: []byte("g")})
			r.start()
			r.send(move("g", moveWhite, 3))
			r.waitLog(schemas.GameEvents, 2)
		})
	}
}

func TestMissingTopologyStopsTheProcessor(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.delete(schemas.TopologyTopic)
	r.startUnready().wantMismatch("tabiya topics create")
}
