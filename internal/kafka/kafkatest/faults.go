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

// LoseProduced makes the fake cluster lose all that is produced to a topic, as
// if it never arrived, until restore is called: the producer gets no answer for
// it and tries again. Other topics in the same request are written.
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
	var over atomic.Bool
	c.Fake.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if over.Load() {
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
	return func() { over.Store(true) }
}

// HoldCommits makes the fake cluster acknowledge the commits of a consumer group
// and forget them, as if the consumer had died before, until restore is called.
func (c *Cluster) HoldCommits(t testing.TB, group string) (restore func()) {
	t.Helper()
	c.RequireFake(t)
	var over atomic.Bool
	c.Fake.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if over.Load() {
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
	return func() { over.Store(true) }
}

// Hang makes the fake cluster leave requests of that key without an answer,
// until restore is called.
func (c *Cluster) Hang(key int16) (restore func()) {
	var over atomic.Bool
	c.Fake.ControlKey(key, func(kmsg.Request) (kmsg.Response, error, bool) {
		if over.Load() {
			c.Fake.DropControl()
			return nil, nil, false
		}
		c.Fake.KeepControl()
		return nil, nil, true
	})
	return func() { over.Store(true) }
}
