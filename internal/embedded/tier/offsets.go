package tier

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Special timestamps of ListOffsets requests: KIP-79, KIP-734, KIP-405.
const (
	endOffset          = -1
	startOffset        = -2
	maxTimestampOffset = -3 // of the record with the highest time
	localStartOffset   = -4 // of the broker's own log; a client sees one log, so the start
)

const (
	readCommitted = 1  // isolation level
	noOffset      = -1 // in a response: no such record
	noTimestamp   = -1 // in a response
)

// listOffsets answers a request about a partition that has files in the tier.
func (t *Tier) listOffsets(r kmsg.Request) kmsg.Response {
	req := r.(*kmsg.ListOffsetsRequest)
	if req.Version < 1 || !t.needsTier(req) {
		return nil
	}
	resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, topic := range req.Topics {
		topicResp := kmsg.NewListOffsetsResponseTopic()
		topicResp.Topic = topic.Topic
		for _, p := range topic.Partitions {
			topicResp.Partitions = append(topicResp.Partitions, t.listOffset(topic.Topic, p, req.IsolationLevel == readCommitted))
		}
		resp.Topics = append(resp.Topics, topicResp)
	}
	return resp
}

// needsTier reports whether the broker alone cannot answer a request.
func (t *Tier) needsTier(req *kmsg.ListOffsetsRequest) bool {
	for _, topic := range req.Topics {
		for _, p := range topic.Partitions {
			part := t.lookup(topicPartition{topic.Topic, p.Partition})
			if p.Timestamp != endOffset && part != nil && len(part.tierFiles()) > 0 {
				return true
			}
		}
	}
	return false
}

func (t *Tier) listOffset(topic string, p kmsg.ListOffsetsRequestTopicPartition, committedOnly bool) kmsg.ListOffsetsResponseTopicPartition {
	resp := kmsg.NewListOffsetsResponseTopicPartition()
	resp.Partition, resp.Offset, resp.Timestamp = p.Partition, noOffset, noTimestamp
	info := t.cluster.PartitionInfo(topic, p.Partition)
	if info == nil {
		resp.ErrorCode = kerr.UnknownTopicOrPartition.Code
		return resp
	}
	part := t.lookup(topicPartition{topic, p.Partition})
	resp.LeaderEpoch = info.Epoch
	switch ts := p.Timestamp; {
	case ts == endOffset && committedOnly:
		resp.Offset = info.LastStableOffset
	case ts == endOffset:
		resp.Offset = info.HighWatermark
	case ts == startOffset || ts == localStartOffset:
		resp.Offset = logStart(part, info)
	case ts < maxTimestampOffset:
		resp.ErrorCode = kerr.UnsupportedVersion.Code
	case part != nil:
		found, err := retryIfMoved(func() (*timedOffset, error) { return part.find(ts) })
		if err != nil {
			t.cfg.Logger.Error("look up offset in embedded kafka", "topic", topic, "partition", p.Partition, "err", err)
			resp.ErrorCode = kerr.KafkaStorageError.Code
		} else if found != nil {
			resp.Offset, resp.Timestamp = found.offset, found.time
		}
	}
	return resp
}

// find returns the record for a timestamp of a request, or nil if there is none.
func (p *partition) find(ts int64) (*timedOffset, error) {
	files, err := p.allFiles()
	if err != nil {
		return nil, err
	}
	if ts == maxTimestampOffset {
		if ts, err = maxRecordTime(files); err != nil || ts < 0 {
			return nil, err
		}
	}
	return findByTime(files, ts)
}
