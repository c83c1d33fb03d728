package schemas_test

import (
	"slices"
	"strings"
	"testing"

	"tabiya/schemas"
)

func TestWhatATopicForgets(t *testing.T) {
	t.Parallel()
	byName := make(map[string]schemas.Topic)
	for _, topic := range schemas.Topics() {
		if _, twice := byName[topic.Name]; twice {
			t.Errorf("%s is there twice", topic.Name)
		}
		byName[topic.Name] = topic
	}
	for name, topic := range byName {
		dead, hasDead := byName[schemas.DeadLetter(name)]
		switch {
		case strings.HasSuffix(name, "-events"): // they are the database
			if topic.Cleanup != schemas.Delete || topic.Retention != 0 || !topic.Partitioned {
				t.Errorf("%+v does not keep all", topic)
			}
		case strings.HasSuffix(name, "-table"):
			if topic.Cleanup != schemas.Compact || !topic.Partitioned {
				t.Errorf("%+v does not keep the last of each row", topic)
			}
		default:
			if topic.Cleanup != schemas.Delete || topic.Retention <= 0 {
				t.Errorf("%+v forgets nothing", topic)
			}
		}
		decoded := strings.HasSuffix(name, "-commands") || strings.HasSuffix(name, "-events") || name == schemas.CommandReplies
		if decoded != hasDead {
			t.Errorf("%s has dead letters: %t", name, hasDead)
		}
		if hasDead && topic.Retention != 0 && dead.Retention <= topic.Retention {
			t.Errorf("%s is kept no longer than what it came from", dead.Name)
		}
	}
}

// Every message's topic is one that is made.
func TestEveryMessageHasATopic(t *testing.T) {
	t.Parallel()
	there := func(name string) bool {
		return slices.ContainsFunc(schemas.Topics(), func(topic schemas.Topic) bool { return topic.Name == name })
	}
	for _, c := range commands() {
		if r := c.Record(); !there(r.Topic) || r.Topic != schemas.CommandTopic(c.Type) || !strings.HasSuffix(r.Topic, "-commands") {
			t.Errorf("%s is for %q", c.Type, r.Topic)
		}
	}
	for _, e := range events() {
		if r := e.Record(); !there(r.Topic) || r.Topic != e.Type.Topic() || !strings.HasSuffix(r.Topic, "-events") {
			t.Errorf("%s is for %q", e.Type, r.Topic)
		}
	}
}
