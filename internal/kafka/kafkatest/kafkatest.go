// Package kafkatest gives a test its own Kafka: a kfake cluster in the test's
// process, with broker time and all topics. With TABIYA_TEST_KAFKA=start it is
// an Apache Kafka that the binary's tests share in turns; with the address of a
// real broker it is that one: topics have fixed names, so it serves one test at
// a time.
package kafkatest

import (
	"context"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/brokertime"
	"tabiya/internal/kafka/realkafka"
)

// Env names the variable with the real broker's address, or "start".
const Env = "TABIYA_TEST_KAFKA"

// Cluster is a Kafka for one test.
type Cluster struct {
	Config kafka.Config
	// Fake is the cluster in this process, nil if a real broker is used.
	Fake *kfake.Cluster

	lines *lines
}

// Start starts a cluster whose partitioned topics have that many partitions. It
// is stopped when the test ends.
func Start(t testing.TB, partitions int32) *Cluster {
	t.Helper()
	c := &Cluster{}
	switch real := os.Getenv(Env); real {
	case "":
		c.startFake(t)
	case "start":
		c.Config = kafka.Config{Brokers: realkafka.Shared(t)}
	default:
		c.startReal(t, real)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := kafka.EnsureTopics(ctx, c.Config, kafka.TopicOptions{Partitions: partitions, Replication: 1, MinISR: 1}); err != nil {
		t.Fatalf("kafkatest: %v", err)
	}
	return c
}

func (c *Cluster) startFake(t testing.TB) {
	t.Helper()
	c.lines = &lines{open: make(map[net.Conn]struct{})}
	fake, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.ListenFn(c.lines.listen),
		kfake.GroupMinSessionTimeout(time.Millisecond),
	)
	if err != nil {
		t.Fatalf("kafkatest: start kfake: %v", err)
	}
	brokertime.Install(fake)
	t.Cleanup(fake.Close)
	c.Fake = fake
	c.Config = kafka.Config{Brokers: fake.ListenAddrs(), SessionTimeout: 6 * time.Second}
}

// RequireFake skips a test that needs the broker in its own process.
func (c *Cluster) RequireFake(t testing.TB) {
	t.Helper()
	if c.Fake == nil {
		t.Skip("needs the broker in the test's process; " + Env + " names a real one")
	}
}

// Down makes the fake cluster unreachable: open connections are cut and new
// ones are closed at once. Its data stays.
func (c *Cluster) Down() { c.lines.set(true) }

// Up ends Down.
func (c *Cluster) Up() { c.lines.set(false) }

// lines are the cluster's connections.
type lines struct {
	mu   sync.Mutex
	cut  bool
	open map[net.Conn]struct{}
}

func (l *lines) listen(network, address string) (net.Listener, error) {
	inner, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	return &listener{inner, l}, nil
}

func (l *lines) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	if cut {
		for c := range l.open {
			_ = c.Close() // the other side notices; kfake drops its half
		}
	}
}

// admit reports whether the connection may live, and remembers it if so.
func (l *lines) admit(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		return false
	}
	l.open[c] = struct{}{}
	return true
}

func (l *lines) forget(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, c)
}

type listener struct {
	net.Listener
	lines *lines
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		line := &line{c, l.lines}
		if l.lines.admit(line) {
			return line, nil
		}
		_ = c.Close() // refused on purpose
	}
}

type line struct {
	net.Conn
	lines *lines
}

func (c *line) Close() error {
	go c.lines.forget(c) // set holds the lock while it closes
	return c.Conn.Close()
}
