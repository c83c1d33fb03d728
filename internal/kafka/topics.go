package kafka

import (
	"context"
	"errors"
	"fmt"
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
	Fix         bool  // set the settings of existing topics that differ
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

// EnsureTopics creates the missing topics. It returns an error if a setting of an
// existing topic differs from the wanted one and was not set (TopicOptions.Fix).
func EnsureTopics(ctx context.Context, cfg Config, o TopicOptions) error {
	report, err := CreateTopics(ctx, cfg, o)
	if err != nil {
		return err
	}
	return differencesError(report.Differences)
}

// CreateTopics creates the missing topics and compares all topics with the wanted
// settings. With TopicOptions.Fix it sets those of the existing topics that differ,
// where it may. Differences are in the report and are no error.
func CreateTopics(ctx context.Context, cfg Config, o TopicOptions) (TopicReport, error) {
	if err := errors.Join(cfg.Validate(), o.Validate()); err != nil {
		return TopicReport{}, err
	}
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return TopicReport{}, fmt.Errorf("create topics: %w", err)
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	for _, t := range schemas.Topics() {
		configs := make(map[string]*string)
		for _, s := range o.settings(t) {
			configs[s.key] = new(s.value)
		}
		r, err := adm.CreateTopic(ctx, o.partitions(t), o.Replication, configs, t.Name)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return TopicReport{}, fmt.Errorf("create topic %s: %w %s", t.Name, err, r.ErrMessage)
		}
	}
	report, err := o.compare(ctx, client)
	if err != nil || !o.Fix {
		return report, err
	}
	return o.fix(ctx, client, report)
}

func (o TopicOptions) partitions(t schemas.Topic) int32 {
	if t.Partitioned {
		return o.Partitions
	}
	return 1
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
