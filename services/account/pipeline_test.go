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

// A relay that is killed at any stage, a repeat of the request, a change behind
// it: the log has each fact once, and the table what was said last.
func TestAKillBetweenCommitAndLogMakesOnePlayer(t *testing.T) {
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

	h := build(t)
	h.cfg.Players = view
	h.relay.commands = producer
	die := func(stage string) {
		t.Helper()
		r := h.kill(stage)
		r.commands = producer
		if n, err := r.publish(t.Context()); !errors.Is(err, errKilled) {
			t.Fatalf("killed %s it published %d commands: %v", stage, n, err)
		}
	}
	const body = `{"handle":"survivor","password":"password one","country":"GE"}`
	s := h.register(body, "Idempotency-Key", "k")
	die("between commit and publish")
	h.register(body, "Idempotency-Key", "k")
	die("between publish and delete")
	h.ask("PATCH", "/v1/accounts/me", s.Token, `{"country":"UA"}`, nil)
	die("between publish and delete")
	background(t, h.Run)
	h.ask("PATCH", "/v1/accounts/me", s.Token, `{"country":"PL"}`, nil)

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	row, ok := view.WaitUntil(ctx, s.Account.ID, func(row *player.State) bool { return row.Country == "PL" })
	if !ok || row.Handle != "survivor" || row.Revision != 3 || row.Region != "eu" {
		t.Fatalf("%+v", row)
	}
	var facts []string
	err = kafka.ReadAll(ctx, cluster.Config, schemas.PlayerEvents, func(r *kgo.Record) error {
		ev, err := schemas.DecodeEvent(r.Value)
		if err == nil {
			facts = append(facts, string(ev.Type)+" "+ev.Payload.(*schemas.PlayerFacts).Country)
		}
		return err
	})
	if err != nil || len(facts) != 3 || facts[0] != "PlayerRegistered GE" || facts[1] != "PlayerUpdated UA" || facts[2] != "PlayerUpdated PL" {
		t.Fatalf("%q %v", facts, err)
	}
}
