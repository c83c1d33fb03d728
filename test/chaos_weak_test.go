package test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// weakEnv names a weakness, with which `make chaos` must fail.
const weakEnv = "TABIYA_TEST_CHAOS_WEAK"

// weakness is a way to break a promise on purpose. The program is built from changed
// source, so that the product has no switch for it.
type weakness struct {
	edits      []sourceEdit
	topicFlags []string
	unclean    bool // a replica that is not in sync may become leader
	kinds      []string
	roles      []string // that are hit; all if empty
}

var weaknesses = map[string]weakness{
	// The leader alone acknowledges, one replica is enough, and one that is not in sync may lead.
	"acks": {
		edits: []sourceEdit{{
			"internal/kafka/producer.go", "kgo.RequiredAcks(kgo.AllISRAcks()),", "kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite(),",
		}},
		topicFlags: []string{"--partitions=6", "--replication=2", "--min-isr=1"},
		unclean:    true,
		kinds:      []string{faultBoth},
		roles:      []string{"broker"},
	},
	// A command is committed when it is read, and its events follow its row after a moment.
	"commit": {
		edits: []sourceEdit{
			{
				"internal/kafka/goka_group.go", "case registered.messages <- msg:",
				"case registered.messages <- msg:\n\t\t\t\th.session.ConsumerGroupSession.MarkOffset(msg.Topic, msg.Partition, msg.Offset+1, \"\")\n\t\t\t\th.session.ConsumerGroupSession.Commit()",
			},
			{"processors/handle.go", "\ts.emit(ctx, part, d.messages, raw)", "\ttime.Sleep(250 * time.Millisecond)\n\ts.emit(ctx, part, d.messages, raw)"},
		},
		kinds: []string{faultKill},
		roles: []string{"processor games"},
	},
}

// A checker that finds nothing in a weakened platform is blind.
func TestChaosFindsWhatAWeakenedPlatformLoses(t *testing.T) {
	if os.Getenv(minutesEnv) == "" || os.Getenv(weakEnv) != "all" {
		t.Skipf("set %s to minutes and %s to all, or run make chaos WEAK=all", minutesEnv, weakEnv)
	}
	for name, weak := range weaknesses {
		t.Run(name, func(t *testing.T) {
			report := runChaos(t, chaosOptions{minutes: chaosMinutes(t), weak: &weak, name: name})
			lost := map[string]int{}
			for _, f := range report.Findings {
				kind, _, _ := strings.Cut(f, ":")
				lost[kind]++
			}
			t.Logf("findings: %v", lost)
			if lost["answers"]+lost["order"]+lost["games"]+lost["streams"] == 0 {
				t.Errorf("no answer and no event was found to be lost in %d faults: %v", len(report.Faults), report.Findings)
			}
		})
	}
}

// The texts that are replaced exist, and the result compiles.
func TestWeakenedSourceCompiles(t *testing.T) {
	t.Parallel()
	for _, w := range weaknesses {
		goBuild(t, "-overlay", overlay(t, w.edits), "tabiya/internal/kafka", "tabiya/processors")
	}
}

// allowUnclean lets a replica that is not in sync become leader.
func allowUnclean(t testing.TB, cfg kafka.Config) {
	t.Helper()
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var names []string
	for _, topic := range schemas.Topics() {
		names = append(names, topic.Name)
	}
	set := "true"
	answers, err := kadm.NewClient(client).AlterTopicConfigs(context.Background(), []kadm.AlterConfig{{Name: "unclean.leader.election.enable", Value: &set}}, names...)
	for _, a := range answers {
		err = errors.Join(err, a.Err)
	}
	if err != nil {
		t.Fatal(err)
	}
}
