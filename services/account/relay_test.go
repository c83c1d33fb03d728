package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

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
			if n, err := h.relay.publish(t.Context()); n != 1 || err != nil {
				t.Fatal(n, err)
			}
			if n, err := h.relay.publish(t.Context()); n != 0 || err != nil {
				t.Fatal(n, err)
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
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := h.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	h.register(`{"handle":"patient","password":"password one"}`) // does not need Kafka
	<-h.kafka.sent                                               // tried in vain
	h.kafka.setAway(nil)
	for len(h.kafka.commands(t)) == 0 {
		<-h.kafka.sent
	}
	h.register(`{"handle":"prompt","password":"password one"}`)
	for len(h.kafka.commands(t)) < 2 {
		<-h.kafka.sent
	}
	stop()
	running.Wait()
}

func TestTwoRelaysKeepEachAccountsOrder(t *testing.T) {
	t.Parallel()
	h := build(t)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	other := h.kill("never")
	running.Go(func() { h.relay.Run(ctx) })
	running.Go(func() { other.Run(ctx) })
	s := h.register(`{"handle":"mover","password":"password one"}`)
	const changes = 20
	for i := range changes {
		h.ask("PATCH", "/v1/accounts/me", s.Token, fmt.Sprintf(`{"country":"A%c"}`, 'A'+i), nil)
		other.Wake()
	}
	for len(h.kafka.commands(t)) < changes+1 {
		select {
		case <-h.kafka.sent:
		case <-time.After(30 * time.Second):
			t.Fatalf("%d of %d commands", len(h.kafka.commands(t)), changes+1)
		}
	}
	stop()
	running.Wait()
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
