package tier

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"time"
)

// configInt returns a numeric config of a topic, or fallback if it has none.
func (t *Tier) configInt(topic, name string, fallback int64) int64 {
	info := t.cluster.TopicInfo(topic)
	if info == nil || info.Configs[name] == nil {
		return fallback
	}
	n, err := strconv.ParseInt(*info.Configs[name], 10, 64)
	if err != nil {
		return fallback
	}
	return n
}

// compacted reports whether a topic's cleanup policy is compaction.
func (t *Tier) compacted(topic string) bool {
	info := t.cluster.TopicInfo(topic)
	return info != nil && info.Configs["cleanup.policy"] != nil && strings.Contains(*info.Configs["cleanup.policy"], "compact")
}

// applyRetention removes the files that are older than the topic's retention.
func (t *Tier) applyRetention(p *partition) error {
	retention := t.configInt(p.topic, "retention.ms", -1)
	if retention < 0 || len(p.tierFiles()) == 0 || t.compacted(p.topic) {
		return nil
	}
	oldest := time.Now().UnixMilli() - retention
	p.mu.Lock()
	n := 0
	for n < len(p.files) && p.files[n].maxTime < oldest {
		n++
	}
	expired := p.files[:n]
	p.files = p.files[n:]
	p.mu.Unlock()
	var failed []error
	for _, f := range expired {
		failed = append(failed, os.Remove(f.path))
	}
	return errors.Join(failed...)
}
