package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// TopicOptions are the operator's choices for the topics.
type TopicOptions struct {
	Partitions  int32 // of the partitioned topics, at least 1
	Replication int16 // at least 1
	MinISR      int16 // min.insync.replicas, 1 to Replication
}

// Validate returns an error for the first setting that cannot work.
func (o TopicOptions) Validate() error {
	switch {
	case o.Partitions < 1:
		return fmt.Errorf("topics: %d partitions", o.Partitions)
	case o.Replication < 1:
		return fmt.Errorf("topics: replication %d", o.Replication)
	case o.MinISR < 1 || o.MinISR > o.Replication:
		return fmt.Errorf("topics: min-ISR %d with replication %d", o.MinISR, o.Replication)
	}
	return nil
}

// minCompactionLag is how long superseded rows of a table are kept. Until then, a
// recovery still sees the row with the highest version, even if a stale owner wrote
// an older version after it.
const minCompactionLag = 10 * time.Minute

// Topic configuration keys.
const (
	cleanupPolicy = "cleanup.policy"
	minISR        = "min.insync.replicas"
	timestampType = "message.timestamp.type"
	logAppendTime = "LogAppendTime"
)

// EnsureTopics creates the missing topics. It returns an error if an existing topic
// has other partitions, replicas, min.insync.replicas, cleanup.policy or
// message.timestamp.type than it must have.
func EnsureTopics(ctx context.Context, cfg Config, o TopicOptions) error {
	if err := errors.Join(cfg.Validate(), o.Validate()); err != nil {
		return err
	}
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return fmt.Errorf("ensure topics: %w", err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	for _, t := range schemas.Topics() {
		r, err := adm.CreateTopic(ctx, o.partitions(t), o.Replication, o.configs(t), t.Name)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("create topic %s: %w %s", t.Name, err, r.ErrMessage)
		}
	}
	return o.check(ctx, adm)
}

func (o TopicOptions) partitions(t schemas.Topic) int32 {
	if t.Partitioned {
		return o.Partitions
	}
	return 1
}

func (o TopicOptions) configs(t schemas.Topic) map[string]*string {
	configs := map[string]*string{
		cleanupPolicy: kadm.StringPtr(string(t.Cleanup)),
		timestampType: kadm.StringPtr(logAppendTime),
		minISR:        kadm.StringPtr(strconv.Itoa(int(o.MinISR))),
	}
	if t.Cleanup == schemas.Compact {
		// Only closed segments are compacted, and a recovery reads everything that
		// is not compacted yet: so segments are small and closed often.
		configs["min.compaction.lag.ms"] = millis(minCompactionLag)
		configs["segment.ms"] = millis(10 * time.Minute)
		configs["segment.bytes"] = kadm.StringPtr(strconv.Itoa(64 << 20))
		configs["min.cleanable.dirty.ratio"] = kadm.StringPtr("0.2")
		return configs
	}
	configs["retention.ms"] = kadm.StringPtr("-1")
	if t.Retention > 0 {
		configs["retention.ms"] = millis(t.Retention)
	}
	return configs
}

func millis(d time.Duration) *string {
	return kadm.StringPtr(strconv.FormatInt(d.Milliseconds(), 10))
}

// check compares the existing topics with the options.
func (o TopicOptions) check(ctx context.Context, adm *kadm.Client) error {
	wanted := make(map[string]schemas.Topic)
	for _, t := range schemas.Topics() {
		wanted[t.Name] = t
	}
	names := slices.Sorted(maps.Keys(wanted))
	details, err := listTopics(ctx, adm, names)
	if err != nil {
		return err
	}
	described, err := adm.DescribeTopicConfigs(ctx, names...)
	if err != nil {
		return fmt.Errorf("describe topics: %w", err)
	}
	var mismatches []error
	for _, name := range names {
		t := wanted[name]
		if have, want := len(details[name].Partitions), int(o.partitions(t)); have != want {
			mismatches = append(mismatches, fmt.Errorf("topic %s has %d partitions, not %d", name, have, want))
		}
		for _, p := range details[name].Partitions {
			if have := len(p.Replicas); have != int(o.Replication) {
				mismatches = append(mismatches, fmt.Errorf("topic %s has %d replicas of partition %d, not %d", name, have, p.Partition, o.Replication))
				break
			}
		}
		rc, err := described.On(name, nil)
		if err := errors.Join(err, rc.Err); err != nil {
			return fmt.Errorf("describe topic %s: %w", name, err)
		}
		for _, c := range rc.Configs {
			have := c.MaybeValue()
			if c.Key == cleanupPolicy && have != string(t.Cleanup) {
				mismatches = append(mismatches, fmt.Errorf("topic %s has %s=%s, not %s", name, c.Key, have, t.Cleanup))
			}
			if c.Key == minISR && have != strconv.Itoa(int(o.MinISR)) {
				mismatches = append(mismatches, fmt.Errorf("topic %s has %s=%s, not %d", name, c.Key, have, o.MinISR))
			}
			if c.Key == timestampType && !strings.EqualFold(have, logAppendTime) {
				mismatches = append(mismatches, fmt.Errorf("topic %s has %s=%s, not %s", name, c.Key, have, logAppendTime))
			}
		}
	}
	return errors.Join(mismatches...)
}

// listTopics lists topics, and retries while the broker does not know them or
// their leaders: brokers learn of new topics a little after the controller.
func listTopics(ctx context.Context, adm *kadm.Client, names []string) (kadm.TopicDetails, error) {
	for tries := 0; ; tries++ {
		details, err := adm.ListTopics(ctx, names...)
		if err = errors.Join(err, details.Error()); err == nil {
			return details, nil
		}
		if tries == 100 || !kerr.IsRetriable(details.Error()) {
			return nil, fmt.Errorf("list topics: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("list topics: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Ping returns nil if a broker answers, and ErrUnavailable if none does until ctx
// ends.
func Ping(ctx context.Context, cfg Config) error {
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return fmt.Errorf("ping kafka: %w", err)
	}
	defer client.Close()
	if err := client.Ping(ctx); err != nil {
		return fmt.Errorf("ping kafka: %w: %w", ErrUnavailable, err)
	}
	return nil
}
