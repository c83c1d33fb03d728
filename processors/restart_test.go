package processors_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/internal/kafka/realkafka"
	"tabiya/internal/kafka/topology"
)

const (
	// judgeEnv judges times and uses the default session timeout: make brokers-test. On a
	// machine with other load that would fail by chance.
	judgeEnv = "TABIYA_TEST_BROKERS"

	longestRestartMove = 3 * time.Second  // while a broker is restarted
	longestDarkMove    = 15 * time.Second // after two of three brokers are back
)

func judged() bool { return os.Getenv(judgeEnv) == "judge" }

// judge logs a time, and fails the test if it is judged and too long.
func judge(t *testing.T, what string, took, limit time.Duration) {
	t.Helper()
	t.Logf("%s: %s, goal %s", what, took.Round(time.Millisecond), limit)
	if judged() && took > limit {
		t.Errorf("%s: %s, want at most %s", what, took, limit)
	}
}

// newClusterRig starts three brokers with topics that have three replicas, of which two
// must be in sync.
func newClusterRig(t *testing.T) (*rig, *realkafka.Cluster) {
	t.Helper()
	if !judged() && os.Getenv(kafkatest.Env) != "start" {
		t.Skip("three brokers take a minute: make kafka-test")
	}
	cluster := realkafka.StartCluster(t, 3)
	r := &rig{Cluster: &kafkatest.Cluster{Config: kafka.Config{Brokers: cluster.Brokers()}}, t: t}
	eventually.NoError(t, "the topics to be made", func() error { // the brokers have only just started
		return errors.Join(
			kafka.EnsureTopics(t.Context(), r.Config, kafka.TopicOptions{Partitions: 12, Replication: 3, MinISR: 2}),
			topology.Ensure(t.Context(), r.Config))
	})
	var err error
	if r.producer, err = kafka.NewProducer(r.Config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.producer.Close)
	cluster.WaitInSync(t.Context())
	return r, cluster
}

// A broker after the other is restarted, as in an upgrade of Kafka: no partition moves,
// and no run of Goka ends. Then two brokers are away for longer than a session lasts, in
// two ways, and games go on when they are back.
func TestBrokersAreRestartedWhileGamesGoOn(t *testing.T) {
	t.Parallel()
	r, cluster := newClusterRig(t)
	session := r.Config.SessionTimeout
	if !judged() {
		r.Config.SessionTimeout = 5 * time.Minute // longer than a restart on any machine
		session = 6 * time.Second
	}
	steady, taken := r.startCounted()
	var games []string
	for n := range 12 {
		games = append(games, fmt.Sprint("game-", n))
	}
	playing := startMovers(t, r, games)
	playing.waitMoved()
	playing.takeLongest()

	for i := range cluster.Len() {
		cluster.WaitInSync(t.Context())
		cluster.Broker(i).Stop()
		cluster.Broker(i).Restart()
		playing.waitMoved()
		judge(t, fmt.Sprintf("longest move while broker %d is restarted", i), playing.takeLongest(), longestRestartMove)
	}
	wantTakenOnce(t, taken)
	if err := steady.stop(); err != nil {
		t.Fatal(err)
	}

	r.Config.SessionTimeout = session
	r.start()
	playing.waitMoved()
	away := max(r.Config.Session(), brokerSession) + 2*time.Second
	for _, outage := range []struct {
		name      string
		lose      func(a, b *realkafka.Broker)
		bringBack func(a, b *realkafka.Broker)
	}{
		{"two killed brokers are back", func(a, b *realkafka.Broker) { a.Kill(); b.Kill() },
			func(a, b *realkafka.Broker) { a.Launch(); b.Restart(); a.Wait() }},
		{"a paused broker and a killed one are back", func(a, b *realkafka.Broker) { a.Pause(); b.Kill() },
			func(a, b *realkafka.Broker) { a.Resume(); b.Restart() }},
	} {
		cluster.WaitInSync(t.Context())
		outage.lose(cluster.Broker(1), cluster.Broker(2))
		pause(t.Context(), away)
		outage.bringBack(cluster.Broker(1), cluster.Broker(2))
		judge(t, "a move in every game after "+outage.name, playing.waitMoved(), longestDarkMove)
	}
	playing.stop()
	playing.checkLog()
}

// brokerSession is how long a controller waits for a silent broker, by default.
const brokerSession = 9 * time.Second

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func wantTakenOnce(t *testing.T, taken *atomic.Int32) {
	t.Helper()
	if n := taken.Load(); n != 1 {
		t.Errorf("the partitions were assigned %d times, want once", n)
	}
}
