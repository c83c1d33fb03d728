package tier

import (
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// Versions are what the broker has to be limited to.
func Versions() *kversion.Versions {
	v := kversion.Tip()
	v.SetMaxKeyVersion(int16(kmsg.Fetch), 12) // topics by name
	return v
}

// BrokerConfigs are what the broker has to be started with.
func BrokerConfigs() map[string]string {
	return map[string]string{
		"log.segment.bytes": "4194304", // kfake makes the files of each while all requests wait
		// kfake's own retention and compaction never run: see package doc, and
		// its time retention would empty compacted topics as well.
		"log.cleaner.backoff.ms": "315360000000", // ten years
		"log.retention.ms":       "-1",
	}
}

// handler answers a request, or gives nil to let the broker do it.
type handler func(kmsg.Request) kmsg.Response

func (t *Tier) install() {
	t.control(kmsg.Fetch, t.fetch)
	t.control(kmsg.ListOffsets, t.listOffsets)
	t.control(kmsg.CreateTopics, func(req kmsg.Request) kmsg.Response {
		shorten(req.(*kmsg.CreateTopicsRequest))
		return nil
	})
	t.control(kmsg.DeleteTopics, func(req kmsg.Request) kmsg.Response {
		t.deleted(req.(*kmsg.DeleteTopicsRequest))
		return nil
	})
}

// renewAfter is how many requests a control function sees before it is replaced
// by one like it: kfake keeps each connection's last request for as long as the
// control function is there, also when the connection is gone.
const renewAfter = 10_000

// control puts h before the broker. Control functions run one at a time.
func (t *Tier) control(key kmsg.Key, h handler) {
	seen := 0
	t.cluster.ControlKey(int16(key), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if seen++; seen == renewAfter {
			t.cluster.DropControl()
			t.control(key, h)
		} else {
			t.cluster.KeepControl()
		}
		resp := h(req)
		return resp, nil, resp != nil
	})
}

// shorten takes a topic's own segment settings out: they are meant for brokers
// that do not hold segments in memory.
func shorten(req *kmsg.CreateTopicsRequest) {
	for i := range req.Topics {
		configs := req.Topics[i].Configs[:0]
		for _, c := range req.Topics[i].Configs {
			if c.Name != "segment.bytes" && c.Name != "segment.ms" {
				configs = append(configs, c)
			}
		}
		req.Topics[i].Configs = configs
	}
}

func (t *Tier) deleted(req *kmsg.DeleteTopicsRequest) {
	for _, name := range req.TopicNames {
		t.drop(name)
	}
	for _, topic := range req.Topics {
		if topic.Topic != nil {
			t.drop(*topic.Topic)
		} else if info := t.cluster.TopicIDInfo(topic.TopicID); info != nil {
			t.drop(info.Topic)
		}
	}
}

// fetch answers a request that wants something of ours; all of it, for a client
// expects an answer for each partition it named.
func (t *Tier) fetch(r kmsg.Request) kmsg.Response {
	req := r.(*kmsg.FetchRequest)
	// No sessions: kfake would serve partitions that the request does not name.
	req.SessionID, req.SessionEpoch = 0, -1
	req.MaxWaitMillis = min(req.MaxWaitMillis, int32(maxWait/time.Millisecond))
	if !t.wanted(req) {
		return nil
	}
	resp := req.ResponseKind().(*kmsg.FetchResponse)
	left := int(req.MaxBytes)
	for _, topic := range req.Topics {
		answer := kmsg.NewFetchResponseTopic()
		answer.Topic = topic.Topic
		for _, p := range topic.Partitions {
			a := t.fetchPartition(topic.Topic, p, left)
			left -= len(a.RecordBatches)
			answer.Partitions = append(answer.Partitions, a)
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return resp
}

func (t *Tier) wanted(req *kmsg.FetchRequest) bool {
	for _, topic := range req.Topics {
		for _, p := range topic.Partitions {
			if part := t.known(place{topic.Topic, p.Partition}); part != nil && part.has(p.FetchOffset) {
				return true
			}
		}
	}
	return false
}

func (t *Tier) fetchPartition(topic string, p kmsg.FetchRequestTopicPartition, left int) kmsg.FetchResponseTopicPartition {
	a := kmsg.NewFetchResponseTopicPartition()
	a.Partition, a.RecordBatches = p.Partition, []byte{}
	info := t.cluster.PartitionInfo(topic, p.Partition)
	if info == nil {
		a.ErrorCode = kerr.UnknownTopicOrPartition.Code
		return a
	}
	part := t.known(place{topic, p.Partition})
	a.HighWatermark, a.LastStableOffset = info.HighWatermark, info.LastStableOffset
	a.LogStartOffset = start(part, info)
	switch {
	case p.FetchOffset < a.LogStartOffset || p.FetchOffset > info.HighWatermark:
		a.ErrorCode = kerr.OffsetOutOfRange.Code
	case part == nil || p.FetchOffset == info.HighWatermark || left <= 0:
		// Nothing to say now; the next request asks again.
	default:
		b, err := retried(func() ([]byte, error) {
			files, err := part.view()
			if err != nil {
				return nil, err
			}
			return read(files, p.FetchOffset, min(int(p.PartitionMaxBytes), left))
		})
		if err != nil {
			t.cfg.Logger.Error("embedded kafka: read", "topic", topic, "partition", p.Partition, "offset", p.FetchOffset, "err", err)
			a.ErrorCode = kerr.KafkaStorageError.Code
		} else if b != nil {
			a.RecordBatches = b
		}
	}
	return a
}

// start is the partition's first offset.
func start(p *part, info *kfake.PartitionInfo) int64 {
	if p != nil {
		if files := p.list(); len(files) > 0 {
			return files[0].base
		}
	}
	return info.LogStartOffset
}
