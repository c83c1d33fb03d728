package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/auth"
	"tabiya/internal/core/player"
	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/internal/sessions"
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

var quiet = slog.New(slog.DiscardHandler)

// startPlayers starts a Kafka with the players processor, and a producer of commands.
func startPlayers(t *testing.T) (*kafkatest.Cluster, *kafka.Producer) {
	t.Helper()
	cluster := kafkatest.Start(t, 2)
	producer, err := kafka.NewProducer(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(producer.Close)
	processor, err := players.New(processors.Config{Kafka: cluster.Config, Logger: quiet, Registerer: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	background(t, processor.Run)
	return cluster, producer
}

// The relay dies at each stage, the request is repeated, and changes follow: the
// log has each event once, and the table the last state.
func TestRelayKilledAtAnyStageMakesOnePlayer(t *testing.T) {
	t.Parallel()
	cluster, producer := startPlayers(t)
	view := tables.NewView(cluster.Config, tables.Players(), quiet)
	background(t, view.Run)

	r := newRig(t)
	r.cfg.Players = view
	r.sendTo(producer)
	die := func(stage string) {
		t.Helper()
		dying := r.dyingRelay(stage)
		if n, err := dying.Publish(t.Context()); !errors.Is(err, errKilled) {
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
	err := kafka.ReadAll(ctx, cluster.Config, schemas.PlayerEvents, func(record *kgo.Record) error {
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

// What one process answers, every other one knows within a second: those that run, and
// one that starts later.
func TestEndedSessionsReachOtherProcesses(t *testing.T) {
	t.Parallel()
	cluster, producer := startPlayers(t)
	r := newRig(t)
	r.sendTo(producer)
	background(t, r.Run)

	otherProcess := func() *auth.Verifier {
		v := auth.NewVerifier(r.public, time.Now)
		f := sessions.New(cluster.Config, &v.Sessions, quiet, prometheus.NewRegistry())
		background(t, f.Run)
		eventually.NoError(t, "the follower", f.Ready)
		return v
	}
	wantEnded := func(v *auth.Verifier, token, what string) {
		t.Helper()
		eventually.NoError(t, what, func() error {
			if _, err := v.Verify(token); !errors.Is(err, auth.ErrEnded) {
				return fmt.Errorf("%s: %w", what, err)
			}
			return nil
		})
	}
	running := otherProcess()
	stolen := r.register(`{"handle":"victim","password":"password one"}`)
	own := r.signIn("victim", "password one")
	closer := r.register(`{"handle":"closer","password":"password one"}`)
	for _, token := range []string{stolen.Token, own.Token, closer.Token} {
		if _, err := running.Verify(token); err != nil { // and puts it into the cache
			t.Fatal(err)
		}
	}
	who, err := running.Verify(stolen.Token)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	running.Watch(who, func() { close(closed) })

	r.request("DELETE", "/v1/sessions/current", own.Token, "", nil)
	wantEnded(running, own.Token, "the end of a session by signing out")
	if _, err := running.Verify(stolen.Token); err != nil {
		t.Fatalf("another session ended with it: %v", err)
	}
	own = r.signIn("victim", "password one")
	var changed changedAccount
	r.request("PATCH", "/v1/accounts/me", own.Token, `{"password":"password two","currentPassword":"password one"}`, &changed)
	<-closed
	wantEnded(running, stolen.Token, "the end of a session by another password")
	r.request("DELETE", "/v1/accounts/me", closer.Token, `{"currentPassword":"password one"}`, nil)
	wantEnded(running, closer.Token, "the end of a session by closing the account")
	if _, err := running.Verify(changed.Token); err != nil {
		t.Errorf("the new token: %v", err)
	}

	later := otherProcess()
	wantEnded(later, stolen.Token, "an earlier end")
	wantEnded(later, closer.Token, "an earlier end")
	if _, err := later.Verify(changed.Token); err != nil {
		t.Errorf("the new token in a process that started later: %v", err)
	}
}
