package kafkatest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// realBroker is locked by the one test that uses the broker, since topics have
// fixed names.
var realBroker sync.Mutex

// startReal waits for its turn on the real broker and deletes the topics and groups
// that the previous test left there.
func (c *Cluster) startReal(t testing.TB, brokers string) {
	t.Helper()
	realBroker.Lock()
	t.Cleanup(realBroker.Unlock)
	c.Config = kafka.Config{Brokers: strings.Split(brokers, ","), SessionTimeout: 6 * time.Second}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := deleteTopicsAndGroups(ctx, c.Config); err != nil {
		t.Fatalf("kafkatest: clear %s: %v", brokers, err)
	}
}

func deleteTopicsAndGroups(ctx context.Context, cfg kafka.Config) error {
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return err
	}
	defer client.Close()
	adm := kadm.NewClient(client)
	groups, err := adm.ListGroups(ctx)
	if err != nil {
		return fmt.Errorf("list groups: %w", err)
	}
	for _, group := range groups.Groups() {
		for { // a member of the previous test may still be leaving
			deleted, err := adm.DeleteGroup(ctx, group)
			if err == nil && deleted.Err == nil {
				break
			}
			if err := pause(ctx); err != nil {
				return fmt.Errorf("delete group %s: %w", group, err)
			}
		}
	}
	for {
		details, err := adm.ListTopics(ctx)
		if err != nil {
			return fmt.Errorf("list topics: %w", err)
		}
		var left []string
		for _, topic := range schemas.Topics() {
			if slices.Contains(details.Names(), topic.Name) {
				left = append(left, topic.Name)
			}
		}
		if len(left) == 0 {
			return nil
		}
		if _, err := adm.DeleteTopics(ctx, left...); err != nil {
			return fmt.Errorf("delete topics: %w", err)
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("delete topics: %w", err)
		}
	}
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(100 * time.Millisecond):
		return nil
	}
}
