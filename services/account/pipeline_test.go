package account

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/player"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/processors"
	"tabiya/processors/players"
	"tabiya/schemas"
	"tabiya/tables"
)

// background runs f until stop is called or the test ends.
func background(t *testing.T, f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := f(ctx); err != nil && ctx.Err() == nil {
			t.Errorf("ended by itself: %v", err)
		}
	})
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// The relay dies at each stage, the request is repeated, and changes follow: the
// log has each event once, and the table the last state.
func TestRelayKilledAtAnyStageMakesOnePlayer(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, 2)
	producer, err := kafka.NewProducer(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(producer.Close)
	quiet := slog.New(slog.DiscardHandler)
	processor, err := players.New(processors.Config{Kafka: cluster.Config, Logger: quiet, Registerer: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	background(t, processor.Run)
	view := tables.NewView(cluster.Config, tables.Players(), quiet)
	background(t, view.Run)

	r := newRig(t)
	r.cfg.Players = view
	r.relay.commands = producer
	die := func(stage string) {
		t.Helper()
		dying := r.dyingRelay(stage)
		dying.commands = producer
		if n, err := dying.publish(t.Context()); !errors.Is(err, errKilled) {
			t.Fatalf("killed %s it published %d commands: %v", stage, n, err)
		}
	}
	const body = `{"handle":"survivor","password":"password one","country":"GE"}`
	s := r.register(body, "Idempotency-Key", "k")
	die("between commit and publish")
	r.register(body, "Idempotency-Key", "k")
	die("between publish and delete")
	r.request("PATCH", "/v1/accounts/me", s.Token, `{"country":"UA"}`, nil)
	die("between publish and delete")
	background(t, r.Run)
	r.request("PATCH", "/v1/accounts/me", s.Token, `{"country":"PL"}`, nil)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	row, ok := view.WaitUntil(ctx, s.Account.ID, func(row *player.State) bool { return row.Country == "PL" })
	if !ok || row.Handle != "survivor" || row.Revision != 3 || row.Region != "eu" {
		t.Fatalf("%+v", row)
	}
	var events []string
	err = kafka.ReadAll(ctx, cluster.Config, schemas.PlayerEvents, func(record *kgo.Record) error {
		ev, err := schemas.DecodeEvent(record.Value)
		if err == nil {
			events = append(events, string(ev.Type)+" "+ev.Payload.(*schemas.PlayerFacts).Country)
		}
		return err
	})
	if err != nil || len(events) != 3 || events[0] != "PlayerRegistered GE" || events[1] != "PlayerUpdated UA" || events[2] != "PlayerUpdated PL" {
		t.Fatalf("%q %v", events, err)
	}
}
