// Package intake reads topics as a member of a consumer group that is there for
// assignment only: where to go on is kept by the sink, with the data it wrote.
package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/retry"
)

// Bounds of what the client holds beside the records of one poll, one fetch in
// flight or waiting for each broker; and how a group works.
const (
	fetchBytes          = 2 << 20
	fetchPartitionBytes = 512 << 10
	fetchLeast          = 64 << 10         // see Config.Wait
	sessionTimeout      = 10 * time.Second // a killed member's partitions go to others after it
)

// Config says what to read and how the sink keeps its place. Taken and Lost may
// be called while a batch is handled, from another goroutine, but never for a
// partition with records in it.
type Config struct {
	Kafka  kafka.Config
	Group  string
	Topics []string
	Logger *slog.Logger
	Watch  *retry.Dependency // of Kafka
	Lag    *kafka.Lag        // may be nil
	// Wait is how long the broker may gather records before it answers, unless it
	// has 64 KiB: at full load a fetch for every batch would cost more than what
	// is done with it.
	Wait time.Duration

	// Taken is called when a partition becomes this member's, before its first
	// record. next is the offset to go on from, ok is false for the beginning.
	// It may block; ctx ends when the partition is taken away again.
	Taken func(ctx context.Context, topic string, partition int32) (next int64, ok bool, err error)
	// Lost is called when the partition is somebody else's.
	Lost func(topic string, partition int32)
}

// Intake is a group member. Its methods are for one goroutine.
type Intake struct {
	cfg    Config
	client *kgo.Client
	admin  *kadm.Client
	made   chan struct{} // closed once client and admin are set
	fatal  chan error    // holds one
}

// Join makes a member. It does not wait for the broker.
func Join(cfg Config) (*Intake, error) {
	in := &Intake{cfg: cfg, made: make(chan struct{}), fatal: make(chan error, 1)}
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
		kgo.AdjustFetchOffsetsFn(in.place),
		kgo.OnPartitionsRevoked(in.lost),
		kgo.OnPartitionsLost(in.lost),
		// An offset that the log does not have is a loss, never a reason to skip.
		kgo.ConsumeResetOffset(kgo.NoResetOffset()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(),
		kgo.FetchMaxBytes(fetchBytes),
		kgo.FetchMaxPartitionBytes(fetchPartitionBytes),
		kgo.FetchMinBytes(fetchLeast),
		kgo.FetchMaxWait(cfg.Wait),
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
		return nil, fmt.Errorf("join group %s: %w", cfg.Group, err)
	}
	in.client, in.admin = client, kadm.NewClient(client)
	close(in.made)
	return in, nil
}

// Leave leaves the group.
func (in *Intake) Leave() { in.client.CloseAllowingRebalance() }

// place is where newly assigned partitions begin.
func (in *Intake) place(ctx context.Context, assigned map[string]map[int32]kgo.Offset) (map[string]map[int32]kgo.Offset, error) {
	<-in.made // the client is at work before it is returned
	for topic, partitions := range assigned {
		for partition := range partitions {
			at, err := in.begin(ctx, topic, partition)
			if err != nil {
				if ctx.Err() == nil {
					in.fail(err)
				}
				return nil, err
			}
			partitions[partition] = kgo.NewOffset().At(at).WithEpoch(-1)
		}
	}
	return assigned, nil
}

func (in *Intake) begin(ctx context.Context, topic string, partition int32) (int64, error) {
	next, ok, err := in.cfg.Taken(ctx, topic, partition)
	if err != nil {
		return 0, fmt.Errorf("take %s/%d: %w", topic, partition, err)
	}
	var from, to int64
	err = in.cfg.Watch.Do(ctx, func(ctx context.Context) error {
		from, to, err = in.bounds(ctx, topic, partition)
		return err
	})
	switch {
	case err != nil:
		return 0, fmt.Errorf("take %s/%d: %w", topic, partition, err)
	case !ok:
		next = from
	case next < from:
		return 0, fmt.Errorf("take %s/%d: records from %d on are needed, but the log begins at %d: some are lost", topic, partition, next, from)
	case next > to:
		return 0, fmt.Errorf("take %s/%d: records up to %d were read, but the log ends at %d: it is another log", topic, partition, next, to)
	}
	in.cfg.Lag.Begin(topic, partition, next)
	return next, nil
}

func (in *Intake) bounds(ctx context.Context, topic string, partition int32) (from, to int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	starts, err := in.admin.ListStartOffsets(ctx, topic)
	if err != nil {
		return 0, 0, err
	}
	ends, err := in.admin.ListCommittedOffsets(ctx, topic)
	if err != nil {
		return 0, 0, err
	}
	start, _ := starts.Lookup(topic, partition)
	end, ok := ends.Lookup(topic, partition)
	if err := errors.Join(start.Err, end.Err); err != nil {
		return 0, 0, err
	}
	if !ok {
		return 0, 0, kerr.UnknownTopicOrPartition
	}
	return start.Offset, end.Offset, nil
}

// Ends gives the end of every partition of the topics, as of now.
func (in *Intake) Ends(ctx context.Context) (kadm.ListedOffsets, error) {
	ends, err := in.admin.ListCommittedOffsets(ctx, in.cfg.Topics...)
	if err = errors.Join(err, ends.Error()); err != nil {
		return nil, fmt.Errorf("list end offsets: %w", err)
	}
	return ends, nil
}

func (in *Intake) lost(_ context.Context, _ *kgo.Client, lost map[string][]int32) {
	for topic, partitions := range lost {
		for _, partition := range partitions {
			in.cfg.Lag.Forget(topic, partition)
			in.cfg.Lost(topic, partition)
		}
	}
}

// fail makes the next Poll return err.
func (in *Intake) fail(err error) {
	select {
	case in.fatal <- err:
	default: // an earlier one is on its way
	}
}
