package test

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// weakness is a way to break a promise on purpose. The program is built from changed
// source, so that the product has no switch for it.
type weakness struct {
	edits      []sourceEdit
	topicFlags []string
	unclean    bool       // a replica that is not in sync may become leader
	lost       [][]string // checks, of which one of each element must find what is lost
}

// toldAndLost are the checks of what clients were told.
var toldAndLost = []string{"answers", "order", "games", "streams"}

var weaknesses = map[string]weakness{
	// The leader alone acknowledges, one replica is enough, and one that is not in sync
	// may lead.
	"acks": {
		edits: []sourceEdit{{
			"internal/kafka/producer.go", "kgo.RequiredAcks(kgo.AllISRAcks()),", "kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite(),",
		}},
		topicFlags: []string{"--partitions=6", "--replication=2", "--min-isr=1"},
		unclean:    true,
		lost:       [][]string{toldAndLost},
	},
	// A command is committed when it is read, and its events follow its row after a
	// moment.
	"commit": {
		edits: []sourceEdit{
			{
				"internal/kafka/goka_group.go", "case registered.messages <- msg:",
				"case registered.messages <- msg:\n\t\t\t\th.session.ConsumerGroupSession.MarkOffset(msg.Topic, msg.Partition, msg.Offset+1, \"\")\n\t\t\t\th.session.ConsumerGroupSession.Commit()",
			},
			{"processors/handle.go", "\ts.emit(ctx, part, circumstances", "\ttime.Sleep(250 * time.Millisecond)\n\ts.emit(ctx, part, circumstances"},
		},
		lost: [][]string{toldAndLost},
	},
	// Sinks store how far they are a second before they write.
	"sinks": {
		edits: []sourceEdit{
			{
				"sinks/postgres/write.go", "\t\tif err := moveOffsets(ctx, tx, b); err != nil {\n\t\t\treturn err\n\t\t}\n",
				"\t\tif err := pgx.BeginFunc(ctx, r.cfg.Pool, func(early pgx.Tx) error { return moveOffsets(ctx, early, b) }); err != nil {\n" +
					"\t\t\treturn err\n\t\t}\n\t\ttime.Sleep(time.Second)\n",
			},
			{
				"sinks/archive/archive_chunk.go", "\tout := &Output{",
				"\tif err := r.store.Do(ctx, func(ctx context.Context) error { return p.finish(ctx, c.Chunk) }); err != nil {\n" +
					"\t\treturn err\n\t}\n\ttime.Sleep(time.Second)\n\tout := &Output{",
			},
		},
		lost: [][]string{{"postgres", "ratings"}, {"raw"}, {"parquet"}},
	},
}

// weakOptions are faults that hit when something would be lost by a weakness, and short
// limits: what is lost does not come back, and games stand still.
func weakOptions(name string) chaosOptions {
	o := chaosOptions{
		name: name, weakness: weaknesses[name], minutes: 1, atOnce: 3, plies: 26, kinds: []string{faultKill}, pause: 3 * time.Second,
		readyLimit: 30 * time.Second, movesLimit: 5 * time.Second, settleLimit: 20 * time.Second,
	}
	switch name {
	case "acks":
		// While a replica is not in sync, the leader is alone with what it acknowledges,
		// and then it dies.
		o.most, o.kinds, o.roles, o.hold = 2, []string{faultBoth}, []string{"broker"}, 8*time.Second
	case "commit":
		o.most, o.roles = 6, []string{"processor games"}
	case "sinks":
		o.most, o.roles = 15, []string{"sink postgres", "sink raw", "sink parquet"}
		o.plies = 6                      // games end all the time
		o.settleLimit = 40 * time.Second // sinks may be behind, but not for so long
	}
	return o
}

// strongOptionsLikeWeak are the faults of all weaknesses for the product as it is.
func strongOptionsLikeWeak() chaosOptions {
	all := strongOptions()
	all.name, all.minutes, all.most, all.kinds = "none", 2, 12, []string{faultKill, faultBoth}
	for _, name := range slices.Sorted(maps.Keys(weaknesses)) {
		all.roles = append(all.roles, weakOptions(name).roles...)
	}
	return all
}

// A checker that finds nothing in a weakened platform is blind, and one that finds
// something in the product under the same faults sees ghosts.
func TestChaosFindsWhatAWeakenedPlatformLoses(t *testing.T) {
	chosen := os.Getenv(weakEnv)
	if chosen == "" {
		t.Skipf("set %s to all or to a weakness, or run make chaos-weak", weakEnv)
	}
	for _, name := range slices.Sorted(maps.Keys(weaknesses)) {
		t.Run(name, func(t *testing.T) {
			if chosen != "all" && chosen != name {
				t.Skip("not chosen")
			}
			o := weakOptions(name)
			report := runChaos(t, o)
			for _, checks := range o.lost {
				found := report.foundBy(checks)
				if len(found) == 0 {
					t.Errorf("%v found nothing in %d faults; all findings: %q", checks, len(report.Faults), report.Findings)
					continue
				}
				t.Logf("%v found %d losses in %d faults, such as %.400s", checks, len(found), len(report.Faults), found[0])
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		if chosen != "all" && chosen != "none" {
			t.Skip("not chosen")
		}
		for _, f := range runChaos(t, strongOptionsLikeWeak()).Findings {
			t.Error(f)
		}
	})
}

// foundBy returns the findings of checks.
func (r *chaosReport) foundBy(checks []string) (found []string) {
	for _, f := range r.Findings {
		if name, _, _ := strings.Cut(f, ":"); slices.Contains(checks, name) {
			found = append(found, f)
		}
	}
	return found
}

// The texts that are replaced exist, and the result compiles.
func TestWeakenedSourceCompiles(t *testing.T) {
	t.Parallel()
	for _, w := range weaknesses {
		goBuild(t, "-overlay", overlay(t, w.edits), "tabiya/internal/kafka", "tabiya/processors", "tabiya/sinks/...")
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
