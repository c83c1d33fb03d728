package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

var errKilled = errors.New("killed")

// kill makes a relay over the house's database that dies at a stage.
func (h *house) kill(stage string) *relay {
	r := newRelay(h.cfg.Pool, h.kafka, h.cfg.Logger, prometheus.NewRegistry())
	die := func() error { return errKilled }
	switch stage {
	case "between commit and publish":
		r.beforePublish = die
	case "between publish and delete":
		r.beforeDelete = die
	}
	return r
}

func TestAKillLosesNothingAndRepeatsUnderTheSameID(t *testing.T) {
	t.Parallel()
	for stage, times := range map[string]int{"between commit and publish": 1, "between publish and delete": 2} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			h := build(t)
			s := h.register(`{"handle":"survivor","password":"password one","country":"GE"}`)
			if _, err := h.kill(stage).publish(t.Context()); !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			if n := h.outbox(); n != 1 {
				t.Fatalf("the outbox holds %d commands after a kill %s, not the one", n, stage)
			}
			h.publishAll()
			if n, err := h.relay.publish(t.Context()); n != 0 || err != nil {
				t.Fatalf("an empty outbox published %d commands: %v", n, err)
			}
			all := h.kafka.commands(t)
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

func TestTheOutboxWaitsForKafka(t *testing.T) {
	t.Parallel()
	h := build(t)
	h.kafka.setAway(fmt.Errorf("no broker: %w", kafka.ErrUnavailable))
	background(t, h.Run)
	h.register(`{"handle":"patient","password":"password one"}`) // does not need Kafka
	h.kafka.next(t, "a try in vain")
	if n := h.outbox(); n != 1 {
		t.Fatalf("the outbox holds %d commands while none could be published, not the one", n)
	}
	h.kafka.setAway(nil)
	published := func(n int) func() bool { return func() bool { return len(h.kafka.commands(t)) >= n } }
	h.kafka.wait(t, "the command that waited", published(1))
	h.register(`{"handle":"prompt","password":"password one"}`)
	h.kafka.wait(t, "the command after it", published(2))
}

func TestTwoRelaysKeepEachAccountsOrder(t *testing.T) {
	t.Parallel()
	h := build(t)
	other := h.kill("never")
	stop := background(t, h.Run)
	stopOther := background(t, func(ctx context.Context) error { other.Run(ctx); return nil })
	s := h.register(`{"handle":"mover","password":"password one"}`)
	const changes = 20
	for i := range changes {
		h.ask("PATCH", "/v1/accounts/me", s.Token, fmt.Sprintf(`{"country":"A%c"}`, 'A'+i), nil)
		other.Wake()
	}
	h.kafka.wait(t, "the command of each change", func() bool { return len(h.kafka.commands(t)) >= changes+1 })
	stop()
	stopOther()
	var revisions []int64
	for _, c := range h.kafka.commands(t) {
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
