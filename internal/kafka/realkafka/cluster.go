package realkafka

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Cluster is several brokers that replicate to each other. All are controllers too, so
// topics can be created and leaders elected while most of them run.
type Cluster struct {
	t       testing.TB
	brokers []*Broker
}

// StartCluster starts a cluster of n brokers and returns when all answer. They have
// Kafka's default settings, as an operator's would. They are killed when the test ends.
func StartCluster(t testing.TB, n int) *Cluster {
	t.Helper()
	return StartClusterWith(t, n, func(int) []string { return nil })
}

// StartClusterWith is StartCluster with more environment variables for each broker,
// which counts from 0.
func StartClusterWith(t testing.TB, n int, env func(broker int) []string) *Cluster {
	t.Helper()
	requireJava(t)
	c := &Cluster{t: t}
	var voters []string
	for i := range n {
		b := newBroker(t, t.TempDir())
		b.node, b.env = i+1, env(i)
		voters = append(voters, fmt.Sprintf("%d@127.0.0.1:%d", b.node, b.controller))
		c.brokers = append(c.brokers, b)
	}
	for _, b := range c.brokers {
		b.voters = strings.Join(voters, ",")
		b.Launch()
		b.killAtEnd()
	}
	for _, b := range c.brokers {
		b.Wait()
	}
	return c
}

// Brokers returns the bootstrap list, which names all brokers.
func (c *Cluster) Brokers() (addresses []string) {
	for _, b := range c.brokers {
		addresses = append(addresses, b.Brokers()...)
	}
	return addresses
}

// Broker returns a broker, from 0. Its node id is one higher.
func (c *Cluster) Broker(i int) *Broker { return c.brokers[i] }

// Len returns the number of brokers.
func (c *Cluster) Len() int { return len(c.brokers) }

// WaitInSync returns when every partition has a leader and all its replicas are in
// sync, as it should be before the next broker is restarted.
func (c *Cluster) WaitInSync(ctx context.Context) {
	c.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers()...), kgo.MetadataMinAge(10*time.Millisecond))
	if err != nil {
		c.t.Fatalf("real kafka: make a client: %v", err)
	}
	defer client.Close()
	for {
		err := checkInSync(ctx, kadm.NewClient(client))
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			c.t.Fatalf("real kafka: not all replicas are in sync: %v", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func checkInSync(ctx context.Context, adm *kadm.Client) error {
	topics, err := adm.ListTopicsWithInternal(ctx)
	if err != nil {
		return err
	}
	for _, t := range topics {
		for _, p := range t.Partitions {
			if p.Err != nil || len(p.ISR) < len(p.Replicas) {
				return fmt.Errorf("%s/%d has replicas %v, in sync %v: %w", t.Topic, p.Partition, p.Replicas, p.ISR, p.Err)
			}
		}
	}
	return nil
}
