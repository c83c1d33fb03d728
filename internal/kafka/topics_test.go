package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/schemas"
)

var oneReplica = kafka.TopicOptions{Partitions: 2, Replication: 1, MinISR: 1}

func withFix(o kafka.TopicOptions) kafka.TopicOptions {
	o.Fix = true
	return o
}

// report runs CreateTopics until want differences are found, since brokers learn of
// changed settings a little after the controller.
func report(t *testing.T, cfg kafka.Config, o kafka.TopicOptions, want int) (r kafka.TopicReport) {
	t.Helper()
	eventually.True(t, fmt.Sprintf("%d differences", want), func() bool {
		var err error
		if r, err = kafka.CreateTopics(t.Context(), cfg, o); err != nil {
			t.Fatal(err)
		}
		return len(r.Differences) == want
	})
	return r
}

func TestCreateTopicsFindsAndFixesEveryWrongSetting(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, oneReplica.Partitions)
	wrong := []struct{ topic, key, value, is string }{
		{schemas.PlayerEvents, "cleanup.policy", "compact", "compact"},
		{schemas.QueueEvents, "retention.ms", "", "604800000"}, // the broker's default
		{schemas.GameEvents, "retention.ms", "604800000", "604800000"},
		{schemas.GameEvents, "retention.bytes", "1000000", "1000000"},
		{schemas.GameEvents, "max.message.bytes", "500000", "500000"},
		{schemas.GameEvents, "message.timestamp.type", "CreateTime", "CreateTime"},
		{schemas.GameEvents, "unclean.leader.election.enable", "true", "true"},
		{schemas.GameCommands, "retention.ms", "3600000", "3600000"},
		{schemas.PlayersTable, "cleanup.policy", "compact,delete", "compact,delete"},
		{schemas.GamesTable, "min.compaction.lag.ms", "0", "0"},
		{schemas.GamesTable, "delete.retention.ms", "1000", "1000"},
		{schemas.GamesTable, "segment.bytes", "1073741824", "1073741824"},
		{schemas.GamesTable, "segment.ms", "604800000", "604800000"},
		{schemas.GamesTable, "min.cleanable.dirty.ratio", "0.5", "0.5"},
		{schemas.GameCommands, "min.insync.replicas", "2", "2"},
	}
	for _, w := range wrong {
		kafkatest.SetTopicConfig(t, cluster.Config, w.topic, w.key, w.value)
	}
	found := report(t, cluster.Config, oneReplica, len(wrong))
	for _, w := range wrong {
		i := slices.IndexFunc(found.Differences, func(d kafka.Difference) bool { return d.Topic == w.topic && d.Setting == w.key })
		if i < 0 {
			t.Errorf("%s of %s is not found", w.key, w.topic)
		} else if d := found.Differences[i]; d.Is != w.is || d.Obstacle != "" {
			t.Errorf("%+v, want is %s", d, w.is)
		}
	}
	retention := func(r kafka.TopicReport) string {
		i := slices.IndexFunc(r.Topics, func(s kafka.TopicState) bool { return s.Name == schemas.GameEvents })
		return r.Topics[i].Retention()
	}
	if got := retention(found); got != "168h0m0s, 1000000 bytes" {
		t.Errorf("the retention of game-events is said to be %s", got)
	}
	fixed, err := kafka.CreateTopics(t.Context(), cluster.Config, withFix(oneReplica))
	if err != nil || len(fixed.Differences) != 0 || !slices.Equal(fixed.Fixed, found.Differences) {
		t.Fatalf("%v: fixed %v, left %v", err, fixed.Fixed, fixed.Differences)
	}
	if got := retention(fixed); got != "forever" {
		t.Errorf("the retention of game-events is said to be %s", got)
	}
	if again := report(t, cluster.Config, withFix(oneReplica), 0); len(again.Fixed) != 0 {
		t.Errorf("fixed again: %v", again.Fixed)
	}
}

func TestCreateTopicsAcceptsSettingsThatKeepMore(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, oneReplica.Partitions)
	for _, c := range []struct{ topic, key, value string }{
		{schemas.GameCommands, "retention.ms", "1209600000"},
		{schemas.DeadLetter(schemas.GameEvents), "retention.ms", "-1"},
		{schemas.GameEvents, "max.message.bytes", "10485760"},
		{schemas.GamesTable, "segment.bytes", "2097152"},
		{schemas.GamesTable, "min.cleanable.dirty.ratio", "0.05"},
	} {
		kafkatest.SetTopicConfig(t, cluster.Config, c.topic, c.key, c.value)
	}
	if err := kafka.EnsureTopics(t.Context(), cluster.Config, oneReplica); err != nil {
		t.Fatal(err)
	}
}

func TestFixChangesNeitherPartitionsNorReplicasAndKeepsTopicsWritable(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, 2)
	r, err := kafka.CreateTopics(t.Context(), cluster.Config, kafka.TopicOptions{Partitions: 3, Replication: 3, MinISR: 2, Fix: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Fixed) != 0 {
		t.Errorf("fixed %v", r.Fixed)
	}
	obstacles := make(map[string]string)
	for _, d := range r.Differences {
		if d.Topic == schemas.GameEvents {
			obstacles[d.Setting] = d.Obstacle
		}
	}
	for setting, want := range map[string]string{
		"partitions": "--partitions=2", "replication": "--replication=1", "min.insync.replicas": "--min-isr=1",
	} {
		if !strings.Contains(obstacles[setting], want) {
			t.Errorf("%s: %q does not name %s", setting, obstacles[setting], want)
		}
	}
	if err := kafka.EnsureTopics(t.Context(), cluster.Config, oneReplica); err != nil {
		t.Fatal(err)
	}
}

func eventsCheck(t *testing.T, cfg kafka.Config, log *strings.Builder, topics ...string) func() error {
	t.Helper()
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	check := kafka.NewEventsCheck(slog.New(slog.NewTextHandler(log, nil)), topics...)
	return func() error { return check.Run(t.Context(), client) }
}

func TestEventsCheckNamesTheSettingsAndTheCommandThatMendsThem(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, 2)
	check := eventsCheck(t, cluster.Config, &strings.Builder{}, schemas.PlayerEvents, schemas.GameEvents, schemas.GameCommands)
	if err := check(); err != nil {
		t.Fatal(err)
	}
	kafkatest.SetTopicConfig(t, cluster.Config, schemas.PlayerEvents, "cleanup.policy", "compact")
	kafkatest.SetTopicConfig(t, cluster.Config, schemas.GameEvents, "retention.bytes", "1000000")
	const want = "kafka would delete events: player-events has cleanup.policy=compact, game-events has retention.bytes=1000000; " +
		"to mend it: tabiya topics create --fix --partitions=2 --replication=1 --min-isr=1"
	var err error
	eventually.True(t, "the check finds both", func() bool { err = check(); return err != nil && err.Error() == want })
	if !errors.Is(err, kafka.ErrEventsDeleted) {
		t.Error(err)
	}
	if _, err := kafka.CreateTopics(t.Context(), cluster.Config, withFix(oneReplica)); err != nil {
		t.Fatal(err)
	}
	if err := check(); err != nil {
		t.Fatal(err)
	}
}

func TestEventsCheckWarnsOnceWhereItMayNotDescribe(t *testing.T) {
	t.Parallel()
	fake, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.EnableACLs(),
		kfake.Superuser(kafka.Plain, "root", "secret"),
		kfake.User(kafka.Plain, "games", "secret", kfake.ACL{
			Resource: kmsg.ACLResourceTypeTopic, Name: "*", Pattern: kmsg.ACLResourcePatternTypeLiteral, Operation: kmsg.ACLOperationRead, Allow: true,
		}))
	if err != nil {
		t.Fatal(err)
	}
	defer fake.Close()
	cfg := kafka.Config{Brokers: fake.ListenAddrs(), SASL: kafka.SASL{Mechanism: kafka.Plain, User: "root", Password: "secret"}}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := kafka.EnsureTopics(ctx, cfg, oneReplica); err != nil {
		t.Fatal(err)
	}
	kafkatest.SetTopicConfig(t, cfg, schemas.GameEvents, "cleanup.policy", "compact")
	var log strings.Builder
	if err := eventsCheck(t, cfg, &log, schemas.GameEvents)(); !errors.Is(err, kafka.ErrEventsDeleted) {
		t.Fatalf("as root: %v", err)
	}
	cfg.SASL.User = "games"
	check := eventsCheck(t, cfg, &log, schemas.GameEvents, schemas.QueueEvents)
	for range 3 {
		if err := check(); err != nil {
			t.Fatal(err)
		}
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), "DescribeConfigs") {
		t.Errorf("%d lines, want one warning:\n%s", lines, log.String())
	}
}
