package kafkatest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
)

// SetTopicConfig sets one configuration of a topic. With an empty value the topic gets
// the broker's default.
func SetTopicConfig(t testing.TB, cfg kafka.Config, topic, key, value string) {
	t.Helper()
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		t.Fatalf("kafkatest: %v", err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	change := kadm.AlterConfig{Op: kadm.SetConfig, Name: key, Value: &value}
	if value == "" {
		change = kadm.AlterConfig{Op: kadm.DeleteConfig, Name: key}
	}
	altered, err := kadm.NewClient(client).AlterTopicConfigs(ctx, []kadm.AlterConfig{change}, topic)
	if err == nil {
		r, missing := altered.On(topic, nil)
		err = errors.Join(missing, r.Err)
	}
	if err != nil {
		t.Fatalf("kafkatest: set %s of %s: %v", key, topic, err)
	}
}
