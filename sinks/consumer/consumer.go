// Package consumer reads topics as a member of a consumer group. The group only
// assigns partitions: the offset to continue from is stored by the sink, together
// with the data that it wrote.
//
// All offsets that a sink sees, those of the records included, are places
// (schemas.Place): a topic that began anew has greater ones than the topic before it.
// A sink's progress, the names of its files and its offset columns follow from them.
package consumer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/retry"
	"tabiya/schemas"
)

// The fetch sizes bound the client's memory: beside the records of one poll it
// holds one fetch for each broker.
const (
	fetchMaxBytes          = 2 << 20
	fetchMaxPartitionBytes = 512 << 10
	fetchMinBytes          = 64 << 10         // see Config.FetchWait
	sessionTimeout         = 10 * time.Second // after which a killed member's partitions are reassigned
)

// Config says what to read and where the sink stores its offsets. OnAssigned and
// OnRevoked are called from another goroutine than Poll, but never for a
// partition whose records are being handled.
type Config struct {
	Kafka  kafka.Config
	Group  string
	Topics []string
	Events *kafka.EventsCheck // of the topics; see Join
	Broker *retry.Dependency
	Lag    *kafka.Lag // may be nil
	Logger *slog.Logger
	// FetchWait is how long the broker waits until it has 64 KiB of records: under
	// full load, a fetch for every small batch would cost more than the sink's own
	// work.
	FetchWait time.Duration

	// OnAssigned is called when a partition is assigned to this member, before its
	// first record. It returns the place to continue from; ok is false for the
	// beginning of the log. It may block; ctx ends when the partition is revoked.
	OnAssigned func(ctx context.Context, topic string, partition int32) (next int64, ok bool, err error)
	// OnRevoked is called when another member may own the partition.
	OnRevoked func(topic string, partition int32)
}

// Consumer is a member of a consumer group. Its methods are for one goroutine,
// except Ready.
type Consumer struct {
	cfg      Config
	topology *topicsRead
	client   *kgo.Client
	admin    *kadm.Client
	joined   chan struct{} // closed once client and admin are set
	failed   chan error    // capacity 1
	later    *laterPartitions
}

// New creates a Consumer. Join must be called before any other method but Ready and
// Leave.
func New(cfg Config) *Consumer {
	return &Consumer{cfg: cfg, joined: make(chan struct{}), failed: make(chan error, 1), later: newLaterPartitions(cfg.Logger)}
}

// Join waits until the broker says that it keeps all events, and then joins the
// group in the background. It returns kafka.ErrEventsDeleted if the broker does not
// keep them: a sink that went on would pass over lost events without a word. Then it
// reads topology, and returns a topology.ErrMismatch if the topics are others.
func (c *Consumer) Join(ctx context.Context) error {
	cfg := c.cfg
	if err := c.checkEvents(ctx); err != nil {
		return err
	}
	if err := c.readTopology(ctx); err != nil {
		return err
	}
	session := cfg.Kafka.SessionTimeout
	if session == 0 {
		session = sessionTimeout
	}
	opts := append(cfg.Kafka.Opts(),
		kgo.ConsumerGroup(cfg.Group),
		kgo.ConsumeTopics(cfg.Topics...),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.AdjustFetchOffsetsFn(c.startOffsets),
		kgo.OnPartitionsRevoked(c.revoked),
		kgo.OnPartitionsLost(c.revoked),
		// An offset that the log does not have means lost records: fail, never skip.
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(),
		kgo.FetchMaxBytes(fetchMaxBytes),
		kgo.FetchMaxPartitionBytes(fetchMaxPartitionBytes),
		kgo.FetchMinBytes(fetchMinBytes),
		kgo.FetchMaxWait(cfg.FetchWait),
		kgo.MaxConcurrentFetches(1),
		kgo.RequestTimeoutOverhead(10*time.Second),
		kgo.SessionTimeout(session),
		kgo.HeartbeatInterval(min(3*time.Second, session/5)),
	)
	if cfg.Kafka.InstanceID != "" {
		opts = append(opts, kgo.InstanceID(cfg.Kafka.InstanceID))
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return fmt.Errorf("join group %s: %w", cfg.Group, err)
	}
	c.client, c.admin = client, kadm.NewClient(client)
	close(c.joined)
	return nil
}

// checkEvents runs the check with a client of its own, since the member's client
// joins the group as soon as it exists.
func (c *Consumer) checkEvents(ctx context.Context) error {
	client, err := kgo.NewClient(c.cfg.Kafka.Opts()...)
	if err != nil {
		return fmt.Errorf("check events topics: %w", err)
	}
	defer client.Close()
	return c.cfg.Broker.Do(ctx, func(ctx context.Context) error { return c.cfg.Events.Run(ctx, client) })
}

// Leave leaves the group, if Join has joined it.
func (c *Consumer) Leave() {
	if c.client != nil {
		c.client.CloseAllowingRebalance()
	}
	if c.topology != nil {
		c.topology.client.Close()
	}
}

// Ready returns what the member still waits for: its place in the group, or the
// broker.
func (c *Consumer) Ready(ctx context.Context) error {
	select {
	case <-c.joined:
	default:
		return errors.Join(errors.New("checking the events topics"), c.cfg.Broker.Err())
	}
	if _, generation := c.client.GroupMetadata(); generation < 0 {
		return fmt.Errorf("not a member of group %s yet", c.cfg.Group)
	}
	if err := c.client.Ping(ctx); err != nil {
		return fmt.Errorf("reach kafka: %w", err)
	}
	return errors.Join(c.cfg.Broker.Err(), c.later.err())
}

// Commit commits the place up to which a partition is written. It serves those
// who monitor the group's lag; no sink reads it, so a failure is ignored.
func (c *Consumer) Commit(ctx context.Context, topic string, partition int32, place int64) {
	_, next := schemas.SplitPlace(place)
	c.client.CommitOffsets(ctx, map[string]map[int32]kgo.EpochOffset{topic: {partition: {Epoch: -1, Offset: next}}}, nil)
}

// Progress reports to the lag that all records before a place are handled. at is the
// broker time of the last of them.
func (c *Consumer) Progress(topic string, partition int32, place int64, at time.Time) {
	_, next := schemas.SplitPlace(place)
	c.cfg.Lag.Progress(topic, partition, next, at)
}

// EndOffsets returns the present end of every partition of the topics, as a place.
func (c *Consumer) EndOffsets(ctx context.Context) (kadm.ListedOffsets, error) {
	ends, err := c.admin.ListCommittedOffsets(ctx, c.cfg.Topics...)
	if err = errors.Join(err, ends.Error()); err != nil {
		return nil, fmt.Errorf("list end offsets: %w", err)
	}
	for topic, partitions := range ends {
		identity := c.topology.identity(topic)
		for partition, end := range partitions {
			end.Offset = identity.End(partition, end.Offset)
			partitions[partition] = end
		}
	}
	return ends, nil
}

// fail makes the next Poll return err.
func (c *Consumer) fail(err error) {
	select {
	case c.failed <- err:
	default: // an earlier error is pending
	}
}
