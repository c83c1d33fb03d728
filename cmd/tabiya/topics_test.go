package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/schemas"
)

var update = flag.Bool("update", false, "write the golden files")

// checkGolden compares got with testdata/name.
func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant the golden file's\n%s", got, want)
	}
}

// differenceTables returns what follows the list of all topics.
func differenceTables(out string) string {
	_, after, _ := strings.Cut(out, "\n\n")
	return after
}

// checkRetention checks what the list of all topics says about game-events.
func checkRetention(t *testing.T, out, want string) {
	t.Helper()
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) == 6 && f[0] == schemas.GameEvents {
			if f[5] != want {
				t.Errorf("the retention of game-events is said to be %s, want %s", f[5], want)
			}
			return
		}
	}
	t.Errorf("game-events is not listed:\n%s", out)
}

func TestTopicsCreateFailsUntilFixSetsTheRetention(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, 4)
	run := func(args ...string) (string, error) {
		var c cli
		parse(t, &c, append([]string{"topics", "create", "--kafka=x:1", "--partitions=4", "--replication=1"}, args...)...)
		options := c.Topics.Create.options()
		options.Fix = c.Topics.Create.Fix
		var out strings.Builder
		err := createTopics(t.Context(), &out, cluster.Config, options)
		return out.String(), err
	}
	out, err := run()
	if err != nil {
		t.Fatal(err)
	}
	checkRetention(t, out, "forever")

	kafkatest.SetTopicConfig(t, cluster.Config, schemas.GameEvents, "retention.ms", "604800000")
	kafkatest.SetTopicConfig(t, cluster.Config, schemas.GamesTable, "segment.bytes", "1073741824")
	eventually.True(t, "both differences", func() bool {
		out, err = run("--partitions=8")
		return err != nil && strings.Contains(out, "segment.bytes") && strings.Contains(out, "retention.ms")
	})
	checkRetention(t, out, "168h0m0s")
	checkGolden(t, "topics_differ.txt", differenceTables(out)+"\n"+err.Error()+"\n")

	out, err = run("--partitions=8", "--fix")
	if err == nil {
		t.Fatal("no error, although the partitions differ")
	}
	checkRetention(t, out, "forever")
	checkGolden(t, "topics_fixed.txt", differenceTables(out)+"\n"+err.Error()+"\n")
	if _, err = run(); err != nil {
		t.Fatal(err)
	}
}

// The default options must not make a topic with one replica refuse every write.
func TestTopicsCreateFixWithDefaultOptionsLeavesOneReplicaWritable(t *testing.T) {
	t.Parallel()
	cluster := kafkatest.Start(t, 1)
	var c cli
	parse(t, &c, "topics", "create", "--kafka=x:1", "--fix")
	options := c.Topics.Create.options()
	options.Fix = true
	if err := createTopics(t.Context(), &strings.Builder{}, cluster.Config, options); err == nil {
		t.Fatal("no error, although the replicas differ")
	}
	if err := kafka.EnsureTopics(t.Context(), cluster.Config, kafka.TopicOptions{Partitions: 1, Replication: 1, MinISR: 1}); err != nil {
		t.Fatal(err)
	}
}
