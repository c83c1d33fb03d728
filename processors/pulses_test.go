package processors_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/game"
	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/processors"
	"tabiya/processors/games"
	"tabiya/schemas"
	"tabiya/tables"
)

// startGames runs a games processor until stop is called.
func (r *rig) startGames(reg prometheus.Registerer) (stop func()) {
	r.t.Helper()
	_, stop = r.startGamesProcessor(reg)
	return stop
}

func (r *rig) startGamesProcessor(reg prometheus.Registerer) (p *processors.Processor[*game.State], stop func()) {
	r.t.Helper()
	p, err := games.New(games.Config{Config: processors.Config{
		Kafka: r.Config, Logger: slog.New(slog.NewTextHandler(testWriter{r.t}, nil)), Registerer: reg,
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.Run(ctx); err != nil {
			r.t.Error(err)
		}
	}()
	stop = func() {
		cancel()
		<-done
	}
	r.t.Cleanup(stop)
	eventually.True(r.t, "the games processor to be ready", func() bool { return p.Ready() == nil })
	return p, stop
}

// giveSignsOfLife does what a livegame instance that takes moves does.
func (r *rig) giveSignsOfLife() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			_ = r.producer.SendRecords(ctx, &kgo.Record{Topic: schemas.BrokerClock, Key: []byte(schemas.SignOfLife), Value: []byte("{}")})
			select {
			case <-ctx.Done():
			case <-afterSign():
			}
		}
	}()
	stop = func() {
		cancel()
		<-done
	}
	r.t.Cleanup(stop)
	return stop
}

// pulses returns the replies to the handled pulses.
func (r *rig) pulses() (handled []schemas.Reply) {
	r.t.Helper()
	for _, rec := range r.log(schemas.CommandReplies) {
		if reply, err := schemas.DecodeReply(rec.Value); err == nil && reply.Type == schemas.PulseHandled {
			handled = append(handled, reply)
		}
	}
	return handled
}

func (r *rig) waitPulses(more int) schemas.Reply {
	r.t.Helper()
	want := len(r.pulses()) + more
	eventually.True(r.t, "pulses", func() bool { return len(r.pulses()) >= want })
	handled := r.pulses()
	return handled[len(handled)-1]
}

func TestPulsesStopWhileNoServiceTakesMovesAndTheGapIsTold(t *testing.T) {
	t.Parallel()
	r, reg := newRig(t, 1), prometheus.NewRegistry()
	r.startGames(reg)
	stop := r.giveSignsOfLife()
	if first := r.waitPulses(3); first.Outage != nil || !schemas.IsPulseKey(first.Key) {
		t.Fatalf("%+v", first)
	}
	stop()
	before := len(r.log(schemas.GameCommands))
	<-afterOutage()
	if more := len(r.log(schemas.GameCommands)) - before; more > 4 {
		t.Fatalf("%d pulses without a service", more)
	}
	r.giveSignsOfLife()
	after := r.waitPulses(1)
	eventually.True(t, "a reply that tells the outage", func() bool { after = r.waitPulses(0); return after.Outage != nil })
	if length := after.Outage.To - after.Outage.From; length < 3000 || after.Outage.RunsAt <= after.Outage.To {
		t.Fatalf("%+v", after.Outage)
	}
	if n := valueOf(t, reg, "tabiya_outages_total"); n != 1 {
		t.Fatalf("%v outages", n)
	}
	if events := r.log(schemas.GameEvents); len(events) != 0 {
		t.Fatalf("%d events of pulses", len(events))
	}
}

// While no event can be written, commands are read and decided, but nobody sees a move.
func TestPulsesStopWhileEventsCannotBeWritten(t *testing.T) {
	t.Parallel()
	for _, topic := range []string{schemas.GameEvents, schemas.CommandReplies} {
		t.Run(topic, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 1)
			r.RequireFake(t)
			r.startGames(nil)
			r.giveSignsOfLife()
			last := r.waitPulses(2)
			restore := r.LoseProduced(t, topic)
			defer restore()
			r.send(groups()[schemas.GameCommands].command(0))
			<-afterOutage()
			restore()
			var outage *schemas.Outage
			eventually.True(t, "the outage", func() bool { outage = r.waitPulses(0).Outage; return outage != nil })
			if outage.From < last.OccurredAt || outage.To < outage.From+3000 {
				t.Fatalf("%+v, the last pulse seen before was at %v", outage, last.OccurredAt)
			}
			r.waitLog(schemas.GameEvents, 2)
		})
	}
}

// A client asks for the id of a topic that was created again for ever.
func TestPulsesGoOnAfterBrokerClockWasCreatedAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	p, _ := r.startGamesProcessor(nil)
	r.giveSignsOfLife()
	r.waitPulses(2)
	r.delete(schemas.BrokerClock)
	eventually.True(t, "the processor not to be ready", func() bool { return p.Ready() != nil })
	if err := p.Ready(); !strings.Contains(err.Error(), "signs of life") {
		t.Error(err)
	}
	r.create(schemas.BrokerClock, 1)
	before := len(r.pulses())
	eventually.True(t, "pulses", func() bool { return len(r.pulses()) >= before+2 })
	eventually.NoError(t, "the processor to be ready", p.Ready)
	r.recreate(schemas.BrokerClock, 1)
	before = len(r.pulses())
	eventually.True(t, "pulses after a short absence", func() bool { return len(r.pulses()) >= before+6 })
}

func TestRestartRemembersThePulses(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	stop := r.startGames(nil)
	r.giveSignsOfLife()
	last := r.waitPulses(2)
	stop()
	<-afterOutage()
	r.startGames(nil)
	var outage *schemas.Outage
	eventually.True(t, "the outage", func() bool { outage = r.waitPulses(0).Outage; return outage != nil })
	if outage.From < last.OccurredAt || outage.From > last.OccurredAt+3000 {
		t.Fatalf("%+v, the last pulse seen before was at %v", outage, last.OccurredAt)
	}
}

func TestPulsesAndGamesDoNotShareKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.startGames(nil)
	game := groups()[schemas.GameCommands].command(0)
	ofGame, asPulse := game, game
	ofGame.Type, ofGame.Payload = schemas.Pulse, nil
	asPulse.Key = kafka.PulseKeyOf(0, 1)
	other := schemas.Command{ID: schemas.NewID(), Type: schemas.Pulse, Key: schemas.PulseKey(7), Actor: schemas.ActorSystem}
	r.send(ofGame, asPulse, other, game)
	r.waitLog(schemas.GameEvents, 2)
	if dead := r.waitLog(schemas.DeadLetter(schemas.GameCommands), 3); len(dead) != 3 {
		t.Fatalf("%d dead letters", len(dead))
	}
}

func TestCorruptPulseRowCostsNoGame(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	stop := r.startGames(nil)
	r.giveSignsOfLife()
	r.waitPulses(1)
	stop()
	key := kafka.PulseKeyOf(0, 1)
	if err := r.producer.SendRecords(t.Context(), &kgo.Record{Topic: schemas.GamesTable, Key: []byte(key), Value: []byte("garbage")}); err != nil {
		t.Fatal(err)
	}
	r.startGames(nil)
	r.waitPulses(2)
	r.send(groups()[schemas.GameCommands].command(0))
	r.waitLog(schemas.GameEvents, 2)
	rows := r.log(schemas.GamesTable)
	for i := len(rows) - 1; ; i-- {
		if string(rows[i].Key) == key {
			if _, err := tables.Pulses().Decode(key, rows[i].Value); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}

// TestManyPulsesKeepOneChain sends pulses that nobody asked for: the owner sends no
// more of its own because of them.
func TestManyPulsesKeepOneChain(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.startGames(nil)
	r.giveSignsOfLife()
	before := r.waitPulses(1)
	handled := len(r.pulses())
	for range 50 {
		r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.Pulse, Key: kafka.PulseKeyOf(0, 1), Actor: schemas.ActorSystem})
	}
	last := r.waitPulses(handled + 53 - len(r.pulses()))
	if span := last.OccurredAt - before.OccurredAt; span < 1000 {
		t.Fatalf("the owner's pulses came within %d ms", span)
	}
	all := r.pulses()
	if first, n := all[0].OccurredAt, schemas.Time(len(all)-50); last.OccurredAt-first < 700*(n-2) {
		t.Fatalf("%d pulses of the owner in %d ms", n, last.OccurredAt-first)
	}
}

func TestEachPartitionHasAPulseKey(t *testing.T) {
	t.Parallel()
	for _, n := range []int32{1, 3, 32, 1000} {
		for p := range n {
			if key := kafka.PulseKeyOf(p, n); kafka.PartitionOf(key, n) != p || !schemas.IsPulseKey(key) {
				t.Fatalf("%s is not on partition %d of %d", key, p, n)
			}
		}
	}
}

// Both waits are real time: the broker stamps the records.
func afterSign() <-chan time.Time   { return time.After(schemas.SignOfLifeEvery) }
func afterOutage() <-chan time.Time { return time.After(6 * time.Second) }

func valueOf(t *testing.T, reg *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatal(name, " is not registered")
	return 0
}
