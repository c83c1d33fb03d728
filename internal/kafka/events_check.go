package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// ErrEventsDeleted means that the configuration of an events topic makes Kafka
// delete events, which are the database.
var ErrEventsDeleted = errors.New("kafka would delete events")

// EventsCheck checks that Kafka keeps every record of events topics. Where the
// broker's ACLs do not allow DescribeConfigs on a topic, it warns once and assumes
// that the topic is right.
type EventsCheck struct {
	topics []string
	logger *slog.Logger
	warn   sync.Once
}

// NewEventsCheck makes the check. Topics that are not events topics are left out.
func NewEventsCheck(logger *slog.Logger, topics ...string) *EventsCheck {
	c := &EventsCheck{logger: logger}
	for _, t := range schemas.Topics() {
		if t.Cleanup == schemas.Delete && t.Retention == 0 && slices.Contains(topics, t.Name) {
			c.topics = append(c.topics, t.Name)
		}
	}
	return c
}

// Run asks the broker for the topics' configuration. It returns ErrEventsDeleted with
// the settings at fault and the command that sets them right, or another error if
// the broker does not answer.
func (c *EventsCheck) Run(ctx context.Context, client *kgo.Client) error {
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	var faults []string
	var command string
	for _, topic := range c.topics {
		settings, err := describeTopic(ctx, client, topic, []string{cleanupPolicy, retentionTime, retentionBytes, minISR})
		switch {
		case errors.Is(err, kerr.TopicAuthorizationFailed), errors.Is(err, kerr.ClusterAuthorizationFailed):
			c.warn.Do(func() {
				c.logger.Warn("the broker's ACLs do not allow DescribeConfigs: not checked whether events are kept forever", "topic", topic)
			})
			continue
		case err != nil:
			return err
		}
		fault := eventsFault(settings)
		if fault == "" {
			continue
		}
		faults = append(faults, topic+" has "+fault)
		command = fixCommand(ctx, client, topic, settings[minISR])
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s; to mend it: %s", ErrEventsDeleted, strings.Join(faults, ", "), command)
}

// eventsFault returns the setting that makes Kafka delete records, or "".
func eventsFault(settings map[string]string) string {
	policy := settings[cleanupPolicy]
	if strings.Contains(policy, string(schemas.Compact)) {
		return cleanupPolicy + "=" + policy
	}
	if !strings.Contains(policy, string(schemas.Delete)) {
		return ""
	}
	for _, key := range []string{retentionTime, retentionBytes} {
		if value, reported := settings[key]; reported && value != unlimited {
			return key + "=" + value
		}
	}
	return ""
}

// fixCommand returns the command that sets the topics' settings right, with the
// options that fit the existing topic.
func fixCommand(ctx context.Context, client *kgo.Client, topic, minISR string) string {
	const command = "tabiya topics create --fix"
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	details, err := kadm.NewClient(client).ListTopics(ctx, topic)
	if err = errors.Join(err, details.Error()); err != nil {
		return command + ", with the options that the topics were created with"
	}
	s := newTopicState(details[topic])
	options := fmt.Sprintf(" --partitions=%d --replication=%d", s.Partitions, s.Replicas)
	if minISR != "" {
		options += " --min-isr=" + minISR
	}
	return command + options
}
