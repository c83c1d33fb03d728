package processors_test

import (
	"errors"
	"strconv"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

func (r *rig) adopt(name string, records topology.Records) schemas.Topology {
	r.t.Helper()
	next, err := topology.Adopt(r.t.Context(), r.Config, name, records)
	if err != nil {
		r.t.Fatal(err)
	}
	return next
}

// newProducer replaces the rig's producer, which may have waiting records for a topic
// that was deleted.
func (r *rig) newProducer() {
	r.t.Helper()
	producer, err := kafka.NewProducer(r.Config)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(producer.Close)
	r.producer = producer
}

// commandsOf returns the ids of the commands that the events of a log follow from.
func (r *rig) commandsOf(events []*kgo.Record) (ids []string) {
	r.t.Helper()
	for _, rec := range events {
		ev, err := schemas.DecodeEvent(rec.Value)
		if err != nil {
			r.t.Fatal(err)
		}
		ids = append(ids, ev.CommandID)
	}
	return ids
}

// The commands of a topic that was created again stand at offsets below those of the
// rows. They are decided, each once, also across a crash and a second loss.
func TestCommandsOfAnAdoptedTopicAreDecidedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	r.send(move("g", moveWhite, 1), move("g", moveBlack, 2), move("g", moveWhite, 3), move("g", moveBlack, 4))
	r.waitLog(schemas.GameEvents, 4)
	r.recreate(schemas.GameCommands, 1)
	m.wantMismatch("created again")
	r.newProducer()
	if next := r.adopt("game", topology.New); next.Generation != 2 || next.Commands.Since != 2 || next.Events.Since != 1 {
		t.Fatalf("adopted %+v", next)
	}
	m = r.start()
	r.send(move("g", moveWhite, 5), move("g", moveWhite, 6))
	r.waitLog(schemas.GameEvents, 5)
	r.waitLog(schemas.CommandReplies, 1)
	r.waitCommitted(0, 2)
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}

	// Without its commits, the group starts at the first command of the generation.
	adm := r.admin()
	eventually.True(t, "the commits to be forgotten", func() bool {
		var all kadm.TopicsSet
		all.Add(schemas.GameCommands, 0)
		_, err := adm.DeleteOffsets(t.Context(), schemas.GamesGroup, all)
		return err == nil && r.committed(0) < 0
	})
	m = r.start()
	r.send(move("g", moveBlack, 7))
	events := r.waitLog(schemas.GameEvents, 6)
	if len(events) != 6 {
		t.Errorf("the log has %d events, want 6", len(events))
	}
	r.waitCommitted(0, 3)
	last := r.commandsOf(r.log(schemas.GameEvents))
	if len(last) != 6 || last[4] != move("g", moveWhite, 5).ID || last[5] != move("g", moveBlack, 7).ID {
		t.Errorf("commands %v", last)
	}

	r.recreate(schemas.GameCommands, 1)
	m.wantMismatch("created again")
	r.newProducer()
	r.adopt(schemas.GameCommands, topology.New)
	r.start()
	r.send(move("g", moveWhite, 8))
	r.waitLog(schemas.GameEvents, 7)
}

// A lost topology is written again from the log, in the generation that it was of: what was
// decided stays decided, and sinks go on where they were.
func TestLostTopologyIsWrittenAgainInItsGeneration(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	r.send(move("g", moveWhite, 1), move("g", moveBlack, 2))
	r.waitLog(schemas.GameEvents, 2)
	r.recreate(schemas.GameCommands, 1)
	m.wantMismatch("created again")
	r.newProducer()
	r.adopt("game", topology.New)
	m = r.start()
	r.send(move("g", moveWhite, 3))
	r.waitLog(schemas.GameEvents, 3)
	forged := &kgo.Record{Topic: schemas.GameEvents, Key: []byte("g"), Value: []byte("garbage"), Headers: []kgo.RecordHeader{
		{Key: schemas.HeaderPlace, Value: strconv.AppendInt(nil, schemas.Place(9, 0), 10)},
	}}
	if err := r.producer.SendRecords(t.Context(), forged); err != nil {
		t.Fatal(err)
	}
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	r.delete(schemas.TopologyTopic)
	r.startUnready().wantMismatch("tabiya topics create")
	options := kafka.TopicOptions{Partitions: 1, Replication: 1, MinISR: 1}
	eventually.NoError(t, "topology to be created again", func() error { return kafka.EnsureTopics(t.Context(), r.Config, options) })
	if err := topology.Ensure(t.Context(), r.Config); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(r.Config.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	s, err := topology.Read(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	game := s.Of(schemas.GameEvents)
	if game.Generation != 3 || game.Commands.Since != 2 || s.Of(schemas.PlayerEvents).Generation != 1 {
		t.Fatalf("%+v", game)
	}
	for _, progress := range []int64{schemas.Place(1, 2), schemas.Place(2, 2)} {
		offset, ok, err := game.Events.Resume(0, progress)
		if next := game.Events.Place(0, offset); offset != 2 || !ok || err != nil || next < progress {
			t.Errorf("a sink at %d goes on at %d, place %d: %t %v", progress, offset, next, ok, err)
		}
	}
	r.start()
	r.send(move("g", moveBlack, 4))
	events := r.waitLog(schemas.GameEvents, 5)
	if last := r.commandsOf(events[4:]); len(last) != 1 || last[0] != move("g", moveBlack, 4).ID {
		t.Errorf("commands %v", last)
	}
}

// In an earlier format, rows of the lost one would be quarantined.
func TestLostTopologyIsNotWrittenInAnEarlierFormat(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	r.send(move("g", moveWhite, 1))
	made := r.waitLog(schemas.GameEvents, 1)[0]
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	later := kgo.RecordHeader{Key: schemas.HeaderFormat, Value: schemas.FormatHeader(schemas.LatestFormat + 1)}
	if err := r.producer.SendRecords(t.Context(), &kgo.Record{Topic: made.Topic, Key: made.Key, Value: made.Value, Headers: append(made.Headers, later)}); err != nil {
		t.Fatal(err)
	}
	r.delete(schemas.TopologyTopic)
	options := kafka.TopicOptions{Partitions: 1, Replication: 1, MinISR: 1}
	eventually.NoError(t, "topology to be created again", func() error { return kafka.EnsureTopics(t.Context(), r.Config, options) })
	if err := topology.Ensure(t.Context(), r.Config); !errors.Is(err, schemas.ErrLaterFormat) {
		t.Errorf("topology is written: %v", err)
	}
}

// A row that was deleted in an earlier generation may be made again, and its tombstone
// holds back no command of the next one.
func TestTombstoneOfAnEarlierGenerationHoldsNothingBack(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	r.send(move("g", moveWhite, 1), command(schemas.EvictGame, "g"))
	r.waitLog(schemas.GamesTable, 2)
	r.recreate(schemas.GameCommands, 1)
	m.wantMismatch("created again")
	r.newProducer()
	r.adopt("game", topology.New)
	r.start()
	r.send(move("g", moveWhite, 2))
	r.waitLog(schemas.GameEvents, 2)
}

// The commands of a copy were decided before: they are skipped, whatever the row says
// to them, and those behind them are decided.
func TestCommandsOfACopyAreSkipped(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	m := r.start()
	sent := []schemas.Command{move("g", moveWhite, 1), move("g", moveWhite, 2)}
	r.send(sent...)
	r.waitLog(schemas.GameEvents, 1)
	r.waitLog(schemas.CommandReplies, 1)
	r.recreate(schemas.GameCommands, 1)
	m.wantMismatch("created again")
	r.newProducer()
	r.send(sent...)
	if next := r.adopt("game", topology.Copy); len(next.Commands.Copied) != 1 || next.Commands.Copied[0].Ends[0] != 2 {
		t.Fatalf("adopted %+v", next)
	}
	r.start()
	r.send(move("g", moveBlack, 3))
	events := r.commandsOf(r.waitLog(schemas.GameEvents, 2))
	if len(events) != 2 || events[1] != move("g", moveBlack, 3).ID {
		t.Errorf("commands %v", events)
	}
	if replies := r.log(schemas.CommandReplies); len(replies) != 1 {
		t.Errorf("there are %d replies, want 1", len(replies))
	}
}

// A log that lost its end keeps its id. What is left of it was decided.
func TestShortenedTopicIsAdoptedAsACopy(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.send(move("g", moveWhite, 1))
	for _, key := range []string{"g", "h"} {
		row := counterTable().Encode(key, &counter{head: schemas.Head{Version: 1, Offset: 7}, Count: 1, History: []change{{Offset: 7, Region: "eu", Command: move(key, moveWhite, 1).ID, Color: schemas.White}}})
		r.produce(&kgo.Record{Topic: schemas.GamesTable, Key: []byte(key), Value: row})
	}
	r.startUnready().wantMismatch("tabiya topics adopt --copy game-commands")
	if _, err := topology.Adopt(t.Context(), r.Config, "game", topology.New); !errors.Is(err, topology.ErrUnchanged) {
		t.Fatalf("adopted as new: %v", err)
	}
	r.adopt(schemas.GameCommands, topology.Copy)
	r.start()
	r.send(move("g", moveBlack, 2))
	r.waitLog(schemas.GameEvents, 1)
}

func TestAdoptRefusesWhatCannotGoOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, 2)
	m := r.start()
	for name, records := range map[string]topology.Records{"nobody": topology.New, "game": topology.New} {
		if next, err := topology.Adopt(t.Context(), r.Config, name, records); err == nil {
			t.Errorf("%s: adopted %+v", name, next)
		}
	}
	if err := m.stop(); err != nil {
		t.Fatal(err)
	}
	r.recreate(schemas.GameEvents, 3)
	if next, err := topology.Adopt(t.Context(), r.Config, "game", topology.New); err == nil {
		t.Errorf("three partitions: adopted %+v", next)
	}
	r.recreate(schemas.GameEvents, 2)
	r.recreate(schemas.GamesTable, 2)
	if next, err := topology.Adopt(t.Context(), r.Config, "game", topology.New); err == nil {
		t.Errorf("an empty table: adopted %+v", next)
	}
}
