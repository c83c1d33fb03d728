package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tabiya/schemas"
)

// TopicState is what the cluster says about a topic.
type TopicState struct {
	Name       string
	Partitions int32
	Replicas   int16 // of the partition that has the fewest
	// Settings are the values in force, wherever they come from: the topic, a
	// broker's configuration or a default. Those that the broker does not report are
	// missing.
	Settings map[string]string
}

// MinISR returns min.insync.replicas.
func (s TopicState) MinISR() string { return s.Settings[minISR] }

// Cleanup returns cleanup.policy.
func (s TopicState) Cleanup() string { return s.Settings[cleanupPolicy] }

// Retention says for people how long and how much of the topic is kept.
func (s TopicState) Retention() string {
	if !strings.Contains(s.Cleanup(), string(schemas.Delete)) {
		return "forever"
	}
	var limits []string
	if value := s.Settings[retentionTime]; value != "" && value != unlimited {
		kept := value + " ms"
		if d, err := time.ParseDuration(value + "ms"); err == nil {
			kept = d.String()
		}
		limits = append(limits, kept)
	}
	if value := s.Settings[retentionBytes]; value != "" && value != unlimited {
		limits = append(limits, value+" bytes")
	}
	if len(limits) == 0 {
		return "forever"
	}
	return strings.Join(limits, ", ")
}

// describe returns the state of every topic of the system, in the order of
// schemas.Topics.
func (o TopicOptions) describe(ctx context.Context, client *kgo.Client) ([]TopicState, error) {
	var names []string
	for _, t := range schemas.Topics() {
		names = append(names, t.Name)
	}
	details, err := listTopics(ctx, kadm.NewClient(client), names)
	if err != nil {
		return nil, err
	}
	states := make([]TopicState, 0, len(names))
	for _, t := range schemas.Topics() {
		var keys []string
		for _, s := range o.settings(t) {
			keys = append(keys, s.key)
		}
		state := newTopicState(details[t.Name])
		if state.Settings, err = describeNew(ctx, client, t.Name, keys); err != nil {
			return nil, err
		}
		states = append(states, state)
	}
	return states, nil
}

func newTopicState(d kadm.TopicDetail) TopicState {
	s := TopicState{Name: d.Topic, Partitions: int32(len(d.Partitions)), Replicas: -1}
	for _, p := range d.Partitions {
		if n := int16(len(p.Replicas)); s.Replicas < 0 || n < s.Replicas {
			s.Replicas = n
		}
	}
	return s
}

// describeNew is describeTopic for a topic that may have been created just now, which
// the broker that answers may not know yet.
func describeNew(ctx context.Context, client *kgo.Client, topic string, keys []string) (map[string]string, error) {
	for tries := 0; ; tries++ {
		settings, err := describeTopic(ctx, client, topic, keys)
		if !errors.Is(err, kerr.UnknownTopicOrPartition) || tries == 100 {
			return settings, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("describe topic %s: %w", topic, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// describeTopic returns the values of a topic's settings that are in force.
func describeTopic(ctx context.Context, client *kgo.Client, topic string, keys []string) (map[string]string, error) {
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName, resource.ConfigNames = kmsg.ConfigResourceTypeTopic, topic, keys
	req := kmsg.NewPtrDescribeConfigsRequest()
	req.Resources = append(req.Resources, resource)
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("describe topic %s: %w", topic, err)
	}
	settings := make(map[string]string)
	for _, r := range resp.Resources {
		if err := kerr.ErrorForCode(r.ErrorCode); err != nil {
			return nil, fmt.Errorf("describe topic %s: %w", topic, err)
		}
		for _, c := range r.Configs {
			if c.Value != nil {
				settings[c.Name] = *c.Value
			}
		}
	}
	return settings, nil
}
