// Package kafkatest gives a test a Kafka with all topics. The environment variable
// TABIYA_TEST_KAFKA selects which:
//
//   - empty: a kfake cluster in the test's process, with broker time.
//   - "start": an Apache Kafka that this package starts.
//   - host:port: the real broker at that address.
//
// Topics have fixed names, so on a real broker one test runs at a time.
package kafkatest

import (
	"context"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/brokertime"
	"tabiya/internal/kafka/realkafka"
	"tabiya/internal/kafka/topology"
)

// Env is the name of the variable that selects the broker.
const Env = "TABIYA_TEST_KAFKA"

// Cluster is a Kafka for one test.
type Cluster struct {
	Config kafka.Config
	// Fake is the cluster in this process, nil if a real broker is used.
	Fake *kfake.Cluster

	connections *connections
}

// Start starts a cluster whose partitioned topics have that many partitions. The
// cluster stops when the test ends.
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
	if err := topology.Ensure(ctx, c.Config); err != nil {
		t.Fatalf("kafkatest: %v", err)
	}
	return c
}

func (c *Cluster) startFake(t testing.TB) {
	t.Helper()
	c.connections = &connections{open: make(map[net.Conn]struct{})}
	fake, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.ListenFn(c.connections.listen),
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

// RequireFake skips the test unless the broker is in its own process.
func (c *Cluster) RequireFake(t testing.TB) {
	t.Helper()
	if c.Fake == nil {
		t.Skip("needs the broker in the test's process, but " + Env + " selects a real one")
	}
}

// Down makes the fake cluster unreachable: it closes open connections, and new
// ones at once. The data stays.
func (c *Cluster) Down() { c.connections.setDown(true) }

// Up makes the fake cluster reachable again.
func (c *Cluster) Up() { c.connections.setDown(false) }

// WaitRefused returns when clients have tried n times to connect to the fake cluster,
// which is down.
func (c *Cluster) WaitRefused(t testing.TB, n int) {
	t.Helper()
	began := c.connections.refusals()
	eventually.True(t, "connections to be refused", func() bool { return c.connections.refusals()-began >= n })
}

// connections are the open connections of the fake cluster.
type connections struct {
	mu      sync.Mutex
	down    bool
	refused int // in all
	open    map[net.Conn]struct{}
}

func (cs *connections) refusals() int {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.refused
}

func (cs *connections) listen(network, address string) (net.Listener, error) {
	inner, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	return &listener{inner, cs}, nil
}

func (cs *connections) setDown(down bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.down = down
	if down {
		for c := range cs.open {
			_ = c.Close()
		}
	}
}

// add registers an open connection. It returns false if the cluster is down.
func (cs *connections) add(c net.Conn) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.down {
		cs.refused++
		return false
	}
	cs.open[c] = struct{}{}
	return true
}

func (cs *connections) remove(c net.Conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.open, c)
}

type listener struct {
	net.Listener
	connections *connections
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tracked := &trackedConn{c, l.connections}
		if l.connections.add(tracked) {
			return tracked, nil
		}
		_ = c.Close()
	}
}

type trackedConn struct {
	net.Conn
	connections *connections
}

func (c *trackedConn) Close() error {
	go c.connections.remove(c) // in a goroutine, since setDown closes under the lock
	return c.Conn.Close()
}
