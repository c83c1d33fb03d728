package kafkatest

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// LoseProduced makes the fake cluster drop everything that is produced to a topic,
// as if it never arrived, until restore is called. The producer gets no
// acknowledgement and retries. Other topics in the same request are written.
func (c *Cluster) LoseProduced(t testing.TB, topic string) (restore func()) {
	t.Helper()
	c.RequireFake(t)
	client, err := kgo.NewClient(c.Config.Opts()...)
	if err != nil {
		t.Fatalf("kafkatest: %v", err)
	}
	defer client.Close()
	topics, err := kadm.NewClient(client).ListTopics(context.Background(), topic)
	if err != nil {
		t.Fatalf("kafkatest: look up %s: %v", topic, err)
	}
	id := [16]byte(topics[topic].ID)
	var restored atomic.Bool
	c.Fake.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if restored.Load() {
			c.Fake.DropControl()
			return nil, nil, false
		}
		c.Fake.KeepControl()
		produce := req.(*kmsg.ProduceRequest)
		produce.Topics = slices.DeleteFunc(produce.Topics, func(t kmsg.ProduceRequestTopic) bool {
			return t.Topic == topic || (t.Topic == "" && t.TopicID == id)
		})
		return nil, nil, false
	})
	return func() { restored.Store(true) }
}

// HoldCommits makes the fake cluster acknowledge the offset commits of a consumer
// group without storing them, until restore is called. A restart of the consumer
// then replays as if it had crashed before the commit.
func (c *Cluster) HoldCommits(t testing.TB, group string) (restore func()) {
	t.Helper()
	c.RequireFake(t)
	var restored atomic.Bool
	c.Fake.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if restored.Load() {
			c.Fake.DropControl()
			return nil, nil, false
		}
		c.Fake.KeepControl()
		commit := req.(*kmsg.OffsetCommitRequest)
		if commit.Group != group {
			return nil, nil, false
		}
		resp := commit.ResponseKind().(*kmsg.OffsetCommitResponse)
		for _, rt := range commit.Topics {
			topic := kmsg.NewOffsetCommitResponseTopic()
			topic.Topic, topic.TopicID = rt.Topic, rt.TopicID
			for _, rp := range rt.Partitions {
				p := kmsg.NewOffsetCommitResponseTopicPartition()
				p.Partition = rp.Partition
				topic.Partitions = append(topic.Partitions, p)
			}
			resp.Topics = append(resp.Topics, topic)
		}
		return resp, nil, true
	})
	return func() { restored.Store(true) }
}

// Hang makes the fake cluster not answer requests with that API key until restore
// is called.
func (c *Cluster) Hang(key int16) (restore func()) {
	var restored atomic.Bool
	c.Fake.ControlKey(key, func(kmsg.Request) (kmsg.Response, error, bool) {
		if restored.Load() {
			c.Fake.DropControl()
			return nil, nil, false
		}
		c.Fake.KeepControl()
		return nil, nil, true
	})
	return func() { restored.Store(true) }
}
