package main

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/player"
	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
	"tabiya/tables"
	"tabiya/tables/rebuild"
)

// All tables are lost under 20 live games. After the rebuild the games go on with the same
// clocks and seats, ratings and profiles are back, who waited knows that they do not
// wait any more, and nothing that was decided is decided again.
func TestLostTablesAreMadeAgainUnderTwentyLiveGames(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	processors := startProcessors(t, p.Config)
	ids := p.register(42)
	waiting := ids[40:]
	p.pair(ids[:40], schemas.QueueKey("eu", "30+20", 0))
	for range 3 {
		p.playAll(rows(p, tables.Games()))
	}
	tickets := make(map[string]string)
	for i, id := range waiting {
		cmd := join(id, schemas.QueueKey("eu", "15+10", i))
		p.accept(cmd)
		tickets[cmd.ID] = id
	}
	refused := play(rows(p, tables.Games())[p.aGame()])
	refused.ID, refused.Payload = schemas.NewID(), &schemas.PlayMovePayload{UCI: "a1a8"}
	p.send(refused)
	if _, code := p.answered(refused); code != schemas.CodeIllegalMove {
		t.Fatalf("the illegal move was answered with %q", code)
	}
	pulses := p.pulse()
	games, players := rows(p, tables.Games()), rows(p, tables.Players())

	p.lose(schemas.GamesTable, schemas.PlayersTable, schemas.MatchmakingTable)
	for _, r := range processors {
		r.wantRefused("was created again", "tabiya rebuild tables")
	}
	for _, name := range processorNames {
		startProcessor(t, p.Config, name).wantRefused("tabiya rebuild tables")
	}
	p.newProducer()
	undecided := play(slices.Collect(maps.Values(games))[0])
	others := func() int {
		return len(slices.DeleteFunc(p.log(schemas.GameEvents), func(r *kgo.Record) bool { return string(r.Key) == undecided.Key }))
	}
	events := others()
	p.send(undecided)
	for place := range 200 { // one of them is that of the command, which no event follows from
		p.produce(&kgo.Record{Topic: schemas.GameEvents, Key: []byte(undecided.Key), Value: []byte("garbage"), Headers: []kgo.RecordHeader{
			{Key: schemas.HeaderPlace, Value: fmt.Append(nil, place)},
		}})
	}
	if out := p.rebuild(); out != "players-table: 42 rows\nmatchmaking-table: 3 rows\ngames-table: 20 rows\n" {
		t.Fatalf("the rebuild printed %q", out)
	}
	startProcessors(t, p.Config)
	if ev, refusal := p.answered(undecided); ev.Type != schemas.MoveMade {
		t.Fatalf("the undecided move led to %q, refusal %q", ev.Type, refusal)
	}
	delete(games, undecided.Key)

	for id, before := range games {
		if after := rows(p, tables.Games())[id]; after == nil || !sameGame(before, after) {
			t.Fatalf("game %s is\n%+v\nwant\n%+v", id, after, before)
		}
	}
	if again := p.lastPulses(); !maps.Equal(again, pulses) {
		t.Errorf("the last pulses are %v, want %v", again, pulses)
	}
	for id, after := range rows(p, tables.Players()) {
		before := players[id]
		if after.Handle != before.Handle || after.Country != before.Country || after.Region != before.Region || after.Seq != before.Seq || after.Revision != before.Revision {
			t.Errorf("player %s is\n%+v\nwant\n%+v", id, after, before)
		}
		want := before.Seat
		if want.Status == player.Queued {
			want = player.Seat{}
		}
		want.Joined, want.Entered = after.Seat.Joined, after.Seat.Entered
		want.Holder, want.Since = "", 0 // no event of a game tells them
		if !reflect.DeepEqual(after.Seat, want) {
			t.Errorf("the seat of %s is %+v, want %+v", id, after.Seat, want)
		}
	}
	left := make(map[string]int)
	for _, r := range p.log(schemas.QueueEvents) {
		if ev, err := schemas.DecodeEvent(r.Value); err == nil && ev.Type == schemas.PlayerLeftQueue {
			left[ev.Payload.(*schemas.PlayerLeftQueuePayload).TicketID]++
		}
	}
	for ticket, id := range tickets {
		if left[ticket] != 1 {
			t.Errorf("player %s was told %d times that their ticket left the queue", id, left[ticket])
		}
	}
	for i, id := range waiting {
		p.accept(join(id, schemas.QueueKey("eu", "15+10", i)))
	}
	if n := others(); n != events {
		t.Errorf("the log has %d game events, want %d", n, events)
	}
	p.playAll(rows(p, tables.Games()))
	assertSeqs(t, p)
}

// pulse sends a pulse to every partition, and returns when the last one of each was
// when all have been handled.
func (p *platform) pulse() map[string]schemas.Time {
	p.t.Helper()
	for n := range int32(platformPartitions) {
		p.send(schemas.Command{ID: schemas.NewID(), Type: schemas.Pulse, Key: kafka.PulseKeyOf(n, platformPartitions), Region: "eu", Actor: schemas.ActorSystem})
	}
	eventually.True(p.t, "every partition has handled a pulse", func() bool { return len(p.lastPulses()) == platformPartitions })
	return p.lastPulses()
}

// lastPulses returns, by pulse key, when the last pulse was that games-table knows.
func (p *platform) lastPulses() map[string]schemas.Time {
	last := make(map[string]schemas.Time)
	for key, row := range rows(p, tables.Pulses()) {
		if schemas.IsPulseKey(key) {
			last[key] = row.Last()
		}
	}
	return last
}

func (p *platform) aGame() string {
	p.t.Helper()
	for id := range rows(p, tables.Games()) {
		return id
	}
	p.t.Fatal("there is no game")
	return ""
}

// assertSeqs checks that the events of every aggregate count from 1 without a gap, and
// that no seq stands for two different events.
func assertSeqs(t *testing.T, p *platform) {
	t.Helper()
	for _, a := range schemas.Aggregates() {
		seen := make(map[string]int64)
		for _, r := range p.log(a.Events) {
			ev, err := schemas.DecodeEvent(r.Value)
			if err != nil {
				continue
			}
			if seen[ev.Key]++; ev.Seq != seen[ev.Key] {
				t.Errorf("%s: event %d of %s follows %d", a.Events, ev.Seq, ev.Key, seen[ev.Key]-1)
			}
		}
	}
}

// A rebuild that was ended in its middle leaves a table that nobody uses, and can be
// repeated.
func TestInterruptedRebuildLeavesTheTablesClosed(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	processors := startProcessors(t, p.Config)
	ids := p.register(8)
	p.pair(ids, schemas.QueueKey("eu", "30+20", 0))
	before := rows(p, tables.Games())
	p.lose(schemas.GamesTable)
	processors[2].wantRefused("was created again")
	p.newProducer()

	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	client, err := kgo.NewClient(p.Config.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	game := schemas.Aggregates()[2]
	err = topology.Rebuild(ctx, p.Config, []schemas.Aggregate{game}, func(topology.Snapshot) error {
		// A part of the rows, as of a process that was killed in between.
		for id, g := range before {
			p.produce(&kgo.Record{Topic: schemas.GamesTable, Key: []byte(id), Value: tables.Games().Encode(id, g)})
			break
		}
		interrupt()
		return ctx.Err()
	})
	if err == nil {
		t.Fatal("the interrupted rebuild succeeded")
	}
	startProcessor(t, p.Config, "games").wantRefused("are being made again", "tabiya rebuild tables")
	if _, err := topology.Adopt(t.Context(), p.Config, schemas.GamesTable, topology.Copy); err == nil || !strings.Contains(err.Error(), "rebuild tables") {
		t.Errorf("the adoption of half a table returned %v", err)
	}
	if lost, err := rebuild.Lost(t.Context(), client, game); err != nil || !lost {
		t.Errorf("the closed table is lost: %t, %v", lost, err)
	}
	if out := p.rebuild(); out != "games-table: 4 rows\n" {
		t.Fatalf("the rebuild printed %q", out)
	}
	startProcessor(t, p.Config, "games").waitReady()
	p.playAll(rows(p, tables.Games()))
	if out := p.rebuild(); out != "no table is lost\n" {
		t.Errorf("a second rebuild printed %q", out)
	}
}

// A rebuild of tables in use waits for their processors, which go on with the new rows.
func TestRebuildUnderRunningProcessors(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	stop := make(chan struct{})
	ended := make(chan struct{})
	var all []*running
	for _, name := range processorNames {
		all = append(all, startProcessor(t, p.Config, name).waitReady())
	}
	ids := p.register(8)
	p.pair(ids, schemas.QueueKey("eu", "30+20", 0))
	go func() { // what the supervisor does
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
			for i, r := range all {
				select {
				case <-r.ended:
					all[i] = startProcessor(t, p.Config, processorNames[i])
				default:
				}
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-ended })
	if out := p.rebuild("player", "queue", "game"); out != "players-table: 8 rows\nmatchmaking-table: 1 rows\ngames-table: 4 rows\n" {
		t.Fatalf("the rebuild printed %q", out)
	}
	p.playAll(rows(p, tables.Games()))
	assertSeqs(t, p)
}
