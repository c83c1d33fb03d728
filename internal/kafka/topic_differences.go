package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// TopicReport is the outcome of CreateTopics.
type TopicReport struct {
	Topics      []TopicState // as they are now, in the order of schemas.Topics
	Fixed       []Difference // that were set
	Differences []Difference // that remain
}

// Difference is a setting of a topic that is not as wanted.
type Difference struct {
	Topic, Setting string
	Is, Wants      string
	// Obstacle says why TopicOptions.Fix does not set it and what to do instead. It
	// is empty if Fix sets it.
	Obstacle string
	// Value is what Fix sets. It is empty for partitions and replication.
	Value string
}

func (d Difference) String() string {
	return fmt.Sprintf("topic %s has %s=%s, not %s", d.Topic, d.Setting, d.Is, d.Wants)
}

// differencesError returns nil if there are no differences.
func differencesError(differences []Difference) error {
	if len(differences) == 0 {
		return nil
	}
	var errs []error
	for _, d := range differences {
		errs = append(errs, errors.New(d.String()))
	}
	errs = append(errs, errors.New("`tabiya topics create` lists the differences, and sets what can be set with --fix"))
	return errors.Join(errs...)
}

// compare reports the state of all topics and their differences.
func (o TopicOptions) compare(ctx context.Context, client *kgo.Client) (TopicReport, error) {
	states, err := o.describe(ctx, client)
	if err != nil {
		return TopicReport{}, err
	}
	report := TopicReport{Topics: states}
	for i, t := range schemas.Topics() {
		report.Differences = append(report.Differences, o.differences(t, states[i])...)
	}
	return report, nil
}

// differences compares one topic. A setting that the broker does not report is one
// that it does not have.
func (o TopicOptions) differences(t schemas.Topic, is TopicState) (differences []Difference) {
	if wanted := o.partitions(t); is.Partitions != wanted {
		obstacle := fmt.Sprintf("the count decides where keys are; give --partitions=%d", is.Partitions)
		if !t.Partitioned {
			obstacle = "delete the topic with its records and create it again"
		}
		differences = append(differences, Difference{
			Topic: t.Name, Setting: "partitions", Is: strconv.Itoa(int(is.Partitions)), Wants: strconv.Itoa(int(wanted)), Obstacle: obstacle,
		})
	}
	if is.Replicas != o.Replication {
		differences = append(differences, Difference{
			Topic: t.Name, Setting: "replication", Is: strconv.Itoa(int(is.Replicas)), Wants: strconv.Itoa(int(o.Replication)),
			Obstacle: fmt.Sprintf("use kafka-reassign-partitions, or give --replication=%d", is.Replicas),
		})
	}
	for _, s := range o.settings(t) {
		value, reported := is.Settings[s.key]
		if !reported || s.accepts(value) {
			continue
		}
		d := Difference{Topic: t.Name, Setting: s.key, Is: value, Wants: s.wants(), Value: s.value}
		if s.key == minISR && o.MinISR > is.Replicas { // would refuse every write
			d.Obstacle = fmt.Sprintf("more than the topic's replicas; give --min-isr=%d or less", is.Replicas)
		}
		differences = append(differences, d)
	}
	return differences
}

// fixTimeout is how long brokers may take to report what was set.
const fixTimeout = 10 * time.Second

// fix sets the differences of a report that can be set, and reports again.
func (o TopicOptions) fix(ctx context.Context, client *kgo.Client, found TopicReport) (TopicReport, error) {
	var fixed []Difference
	refused := make(map[string]string) // topic: why
	for _, t := range schemas.Topics() {
		set := slices.DeleteFunc(slices.Clone(found.Differences), func(d Difference) bool { return d.Topic != t.Name || d.Obstacle != "" })
		if len(set) == 0 {
			continue
		}
		if err := alterTopic(ctx, client, t.Name, set); err != nil {
			refused[t.Name] = "the broker refused: " + err.Error()
			continue
		}
		fixed = append(fixed, set...)
	}
	deadline := time.Now().Add(fixTimeout)
	for {
		report, err := o.compare(ctx, client)
		if err != nil {
			return report, err
		}
		report.Fixed = fixed
		pending := false
		for i, d := range report.Differences {
			if d.Obstacle == "" {
				report.Differences[i].Obstacle = refused[d.Topic]
				pending = pending || refused[d.Topic] == ""
			}
		}
		if !pending || time.Now().After(deadline) {
			return report, nil
		}
		select {
		case <-ctx.Done():
			return report, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// alterTopic sets all differences of a topic at once: a topic must never have a
// cleanup policy of the new and a retention of the old configuration.
func alterTopic(ctx context.Context, client *kgo.Client, topic string, set []Difference) error {
	var configs []kadm.AlterConfig
	for _, d := range set {
		configs = append(configs, kadm.AlterConfig{Op: kadm.SetConfig, Name: d.Setting, Value: new(d.Value)})
	}
	altered, err := kadm.NewClient(client).AlterTopicConfigs(ctx, configs, topic)
	if err != nil {
		return err
	}
	r, err := altered.On(topic, nil)
	if err = errors.Join(err, r.Err); err != nil && r.ErrMessage != "" {
		return fmt.Errorf("%w: %s", err, r.ErrMessage)
	}
	return err
}
