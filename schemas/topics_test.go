package schemas_test

import (
	"slices"
	"strings"
	"testing"

	"tabiya/schemas"
)

func TestRetentionOfTopics(t *testing.T) {
	t.Parallel()
	byName := make(map[string]schemas.Topic)
	for _, topic := range schemas.Topics() {
		if _, twice := byName[topic.Name]; twice {
			t.Errorf("%s is listed twice", topic.Name)
		}
		byName[topic.Name] = topic
	}
	for name, topic := range byName {
		dead, hasDead := byName[schemas.DeadLetter(name)]
		switch {
		case strings.HasSuffix(name, "-events"): // events are the database
			if topic.Cleanup != schemas.Delete || topic.Retention != 0 || !topic.Partitioned {
				t.Errorf("%+v does not keep every record", topic)
			}
		case name == schemas.TopologyTopic:
			if topic.Cleanup != schemas.Compact || topic.Partitioned {
				t.Errorf("%+v does not keep the last record of each aggregate in order", topic)
			}
		case strings.HasSuffix(name, "-table"):
			if topic.Cleanup != schemas.Compact || !topic.Partitioned {
				t.Errorf("%+v does not keep the last record of each row", topic)
			}
		default:
			if topic.Cleanup != schemas.Delete || topic.Retention <= 0 {
				t.Errorf("%+v never deletes a record", topic)
			}
		}
		wantDead := strings.HasSuffix(name, "-commands") || strings.HasSuffix(name, "-events") || name == schemas.CommandReplies
		if wantDead != hasDead {
			t.Errorf("%s has a dead-letter topic: %t, want %t", name, hasDead, wantDead)
		}
		if hasDead && topic.Retention != 0 && dead.Retention <= topic.Retention {
			t.Errorf("%s is kept no longer than %s", dead.Name, name)
		}
	}
}

func TestTopicOfEveryMessageIsListed(t *testing.T) {
	t.Parallel()
	listed := func(name string) bool {
		return slices.ContainsFunc(schemas.Topics(), func(topic schemas.Topic) bool { return topic.Name == name })
	}
	for _, c := range commands() {
		if r := c.Record(); !listed(r.Topic) || r.Topic != schemas.CommandTopic(c.Type) || !strings.HasSuffix(r.Topic, "-commands") {
			t.Errorf("%s goes to topic %q", c.Type, r.Topic)
		}
	}
	for _, e := range events() {
		if r := e.Record(); !listed(r.Topic) || r.Topic != e.Type.Topic() || !strings.HasSuffix(r.Topic, "-events") {
			t.Errorf("%s goes to topic %q", e.Type, r.Topic)
		}
	}
}
