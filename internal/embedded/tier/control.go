package tier

import (
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// Versions returns the request versions that the broker has to be limited to.
func Versions() *kversion.Versions {
	v := kversion.Tip()
	v.SetMaxKeyVersion(int16(kmsg.Fetch), 12) // the last version with topic names
	return v
}

// BrokerConfigs returns the configs that the broker has to be started with.
func BrokerConfigs() map[string]string {
	return map[string]string{
		"log.segment.bytes": "4194304", // kfake writes the files of a segment while all requests wait
		// kfake's own retention and compaction never run: see the package comment, and
		// its time retention would empty compacted topics too.
		"log.cleaner.backoff.ms": "315360000000", // ten years
		"log.retention.ms":       "-1",
	}
}

// handler answers a request. It returns nil to let the broker answer.
type handler func(kmsg.Request) kmsg.Response

func (t *Tier) installHandlers() {
	t.handle(kmsg.Fetch, t.fetch)
	t.handle(kmsg.ListOffsets, t.listOffsets)
	t.hideSegmentConfigs()
	t.handle(kmsg.DeleteTopics, func(req kmsg.Request) kmsg.Response {
		t.topicsDeleted(req.(*kmsg.DeleteTopicsRequest))
		return nil
	})
}

// renewAfter is how many requests a control function handles before it is replaced by a
// new one: as long as a control function is installed, kfake keeps the last request of
// every connection, even of closed ones.
const renewAfter = 10_000

// handle installs a handler. Handlers run one at a time.
func (t *Tier) handle(key kmsg.Key, h handler) {
	handled := 0
	t.cluster.ControlKey(int16(key), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if handled++; handled == renewAfter {
			t.cluster.DropControl()
			t.handle(key, h)
		} else {
			t.cluster.KeepControl()
		}
		resp := h(req)
		return resp, nil, resp != nil
	})
}

func (t *Tier) topicsDeleted(req *kmsg.DeleteTopicsRequest) {
	for _, name := range req.TopicNames {
		t.forgetTopic(name)
	}
	for _, topic := range req.Topics {
		if topic.Topic != nil {
			t.forgetTopic(*topic.Topic)
		} else if info := t.cluster.TopicIDInfo(topic.TopicID); info != nil {
			t.forgetTopic(info.Topic)
		}
	}
}

// fetch answers a request that wants offsets in the tier. It answers the whole request,
// because a client expects an answer for each partition that it named.
func (t *Tier) fetch(r kmsg.Request) kmsg.Response {
	req := r.(*kmsg.FetchRequest)
	// No fetch session (KIP-227): kfake would add partitions that the request does not name.
	req.SessionID, req.SessionEpoch = 0, -1
	req.MaxWaitMillis = min(req.MaxWaitMillis, int32(maxWait/time.Millisecond))
	if !t.hasFetchOffset(req) {
		return nil
	}
	resp := req.ResponseKind().(*kmsg.FetchResponse)
	left := int(req.MaxBytes)
	for _, topic := range req.Topics {
		topicResp := kmsg.NewFetchResponseTopic()
		topicResp.Topic = topic.Topic
		for _, p := range topic.Partitions {
			partitionResp := t.fetchPartition(topic.Topic, p, left)
			left -= len(partitionResp.RecordBatches)
			topicResp.Partitions = append(topicResp.Partitions, partitionResp)
		}
		resp.Topics = append(resp.Topics, topicResp)
	}
	return resp
}

// hasFetchOffset reports whether the tier has one of the offsets that a request wants.
func (t *Tier) hasFetchOffset(req *kmsg.FetchRequest) bool {
	for _, topic := range req.Topics {
		for _, p := range topic.Partitions {
			if part := t.lookup(topicPartition{topic.Topic, p.Partition}); part != nil && part.contains(p.FetchOffset) {
				return true
			}
		}
	}
	return false
}

// fetchPartition answers for one partition with at most left bytes.
func (t *Tier) fetchPartition(topic string, p kmsg.FetchRequestTopicPartition, left int) kmsg.FetchResponseTopicPartition {
	resp := kmsg.NewFetchResponseTopicPartition()
	resp.Partition, resp.RecordBatches = p.Partition, []byte{}
	info := t.cluster.PartitionInfo(topic, p.Partition)
	if info == nil {
		resp.ErrorCode = kerr.UnknownTopicOrPartition.Code
		return resp
	}
	part := t.lookup(topicPartition{topic, p.Partition})
	resp.HighWatermark, resp.LastStableOffset = info.HighWatermark, info.LastStableOffset
	resp.LogStartOffset = logStart(part, info)
	switch {
	case p.FetchOffset < resp.LogStartOffset || p.FetchOffset > info.HighWatermark:
		resp.ErrorCode = kerr.OffsetOutOfRange.Code
	case part == nil || p.FetchOffset == info.HighWatermark || left <= 0:
		// No records for now; the client's next request tries again.
	default:
		b, err := retryIfMoved(func() ([]byte, error) {
			files, err := part.allFiles()
			if err != nil {
				return nil, err
			}
			return read(files, p.FetchOffset, min(int(p.PartitionMaxBytes), left))
		})
		if err != nil {
			t.cfg.Logger.Error("read embedded kafka", "topic", topic, "partition", p.Partition, "offset", p.FetchOffset, "err", err)
			resp.ErrorCode = kerr.KafkaStorageError.Code
		} else if b != nil {
			resp.RecordBatches = b
		}
	}
	return resp
}

// logStart returns the first offset of a partition. p may be nil.
func logStart(p *partition, info *kfake.PartitionInfo) int64 {
	if p != nil {
		if files := p.tierFiles(); len(files) > 0 {
			return files[0].base
		}
	}
	return info.LogStartOffset
}
