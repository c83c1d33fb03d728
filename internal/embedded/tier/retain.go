package tier

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"time"
)

// setting is a topic's number, or otherwise.
func (t *Tier) setting(topic, name string, otherwise int64) int64 {
	info := t.cluster.TopicInfo(topic)
	if info == nil || info.Configs[name] == nil {
		return otherwise
	}
	n, err := strconv.ParseInt(*info.Configs[name], 10, 64)
	if err != nil {
		return otherwise
	}
	return n
}

// compacted reports whether a topic's cleanup policy is compaction.
func (t *Tier) compacted(topic string) bool {
	info := t.cluster.TopicInfo(topic)
	return info != nil && info.Configs["cleanup.policy"] != nil && strings.Contains(*info.Configs["cleanup.policy"], "compact")
}

// retain removes the files that are older than the topic's retention.
func (t *Tier) retain(p *part) error {
	keep := t.setting(p.topic, "retention.ms", -1)
	if keep < 0 || len(p.list()) == 0 || t.compacted(p.topic) {
		return nil
	}
	oldest := time.Now().UnixMilli() - keep
	p.mu.Lock()
	n := 0
	for n < len(p.files) && p.files[n].maxTime < oldest {
		n++
	}
	gone := p.files[:n]
	p.files = p.files[n:]
	p.mu.Unlock()
	var failed []error
	for _, f := range gone {
		failed = append(failed, os.Remove(f.path))
	}
	return errors.Join(failed...)
}
