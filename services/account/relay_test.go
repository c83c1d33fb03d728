package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/services/account/relay"
)

var errKilled = errors.New("killed")

// dyingRelay makes a relay on the rig's database that sends to its Kafka and dies at a stage.
func (r *rig) dyingRelay(stage string) *relay.Relay {
	dying := relay.New(r.cfg.Pool, r.cfg.Commands, r.cfg.Logger, prometheus.NewRegistry())
	die := func() error { return errKilled }
	switch stage {
	case "between commit and publish":
		dying.BeforePublish = die
	case "between publish and delete":
		dying.BeforeDelete = die
	}
	return dying
}

func TestRelayKilledPublishesAgainUnderSameID(t *testing.T) {
	t.Parallel()
	for stage, times := range map[string]int{"between commit and publish": 1, "between publish and delete": 2} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			s := r.register(`{"handle":"survivor","password":"password one","country":"GE"}`)
			if _, err := r.dyingRelay(stage).Publish(t.Context()); !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			if n := r.outbox(); n != 1 {
				t.Fatalf("the outbox holds %d commands after a kill %s, want 1", n, stage)
			}
			r.publishAll()
			if n, err := r.relay.Publish(t.Context()); n != 0 || err != nil {
				t.Fatalf("an empty outbox published %d commands: %v", n, err)
			}
			all := r.kafka.commands(t)
			if len(all) != times {
				t.Fatalf("published %d times, want %d", len(all), times)
			}
			for _, c := range all {
				p, ok := c.Payload.(*schemas.RegisterPlayerPayload)
				if c.ID != all[0].ID || c.Type != schemas.RegisterPlayer || c.Key != s.Account.ID || c.Region != "eu" || !ok || *p != (schemas.RegisterPlayerPayload{Handle: "survivor", Country: "GE"}) {
					t.Errorf("%+v %+v", c, c.Payload)
				}
			}
		})
	}
}

func TestOutboxWaitsForKafka(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.kafka.setErr(fmt.Errorf("no broker: %w", kafka.ErrUnavailable))
	background(t, r.Run)
	r.register(`{"handle":"patient","password":"password one"}`) // succeeds without Kafka
	r.kafka.next(t, "a failed attempt")
	if n := r.outbox(); n != 1 {
		t.Fatalf("the outbox holds %d commands while Kafka is away, want 1", n)
	}
	r.kafka.setErr(nil)
	published := func(n int) func() bool { return func() bool { return len(r.kafka.commands(t)) >= n } }
	r.kafka.wait(t, "the command that waited", published(1))
	r.register(`{"handle":"prompt","password":"password one"}`)
	r.kafka.wait(t, "the command after it", published(2))
}

func TestTwoRelaysKeepOrderOfEachAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := r.dyingRelay("never")
	stop := background(t, r.Run)
	stopOther := background(t, func(ctx context.Context) error { other.Run(ctx); return nil })
	s := r.register(`{"handle":"mover","password":"password one"}`)
	const changes = 20
	for i := range changes {
		r.request("PATCH", "/v1/accounts/me", s.Token, fmt.Sprintf(`{"country":"A%c"}`, 'A'+i), nil)
		other.Wake()
	}
	r.kafka.wait(t, "the command of each change", func() bool { return len(r.kafka.commands(t)) >= changes+1 })
	stop()
	stopOther()
	var revisions []int64
	for _, c := range r.kafka.commands(t) {
		revision := int64(1)
		if u, ok := c.Payload.(*schemas.UpdatePlayerPayload); ok {
			revision = u.Revision
		}
		revisions = append(revisions, revision)
	}
	if !slices.IsSorted(revisions) || len(slices.Compact(revisions)) != changes+1 {
		t.Fatalf("%v", revisions)
	}
}

// A transaction that is open while Kafka is away would keep the database from vacuuming.
func TestRelayHoldsNoTransactionWhileItPublishes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.register(`{"handle":"waiting","password":"password one"}`)
	open := -1
	r.relay.BeforeDelete = func() error {
		open = r.count(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`)
		return nil
	}
	if n, err := r.relay.Publish(t.Context()); n != 1 || err != nil {
		t.Fatalf("published %d: %v", n, err)
	}
	if open != 0 {
		t.Errorf("%d transactions are open after Kafka was waited for", open)
	}
	if n := r.count(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); n != 0 {
		t.Errorf("%d locks are left", n)
	}
}

func TestRelayThatDiesLeavesTheLockToOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.register(`{"handle":"orphan","password":"password one"}`)
	if _, err := r.dyingRelay("between publish and delete").Publish(t.Context()); !errors.Is(err, errKilled) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	if n, err := r.relay.Publish(ctx); n != 1 || err != nil {
		t.Fatalf("published %d: %v", n, err)
	}
}

func TestNotReadyOnADatabaseWithoutTheTables(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if _, err := r.cfg.Pool.Exec(t.Context(), `DROP TABLE outbox`); err != nil {
		t.Fatal(err)
	}
	if err := r.accounts.Check(t.Context()); err == nil {
		t.Fatal("the check passes")
	}
	background(t, func(ctx context.Context) error { r.readiness.Watch(ctx, r.accounts.Check); return nil })
	eventually.True(t, "says what is missing", func() bool {
		err := r.Ready()
		return err != nil && strings.Contains(err.Error(), "outbox")
	})
}
