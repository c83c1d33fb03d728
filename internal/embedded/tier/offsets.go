package tier

import (
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Timestamps of ListOffsets with a meaning of their own.
const (
	atEnd      = -1
	atStart    = -2
	atLatest   = -3 // the record with the highest time
	atLocal    = -4 // the broker's own first offset; to a client there is one log
	byTime     = 0
	committed  = 1 // isolation level
	noTimeYet  = -1
	nothingHas = -1
)

// listOffsets answers a request about a partition that is partly here.
func (t *Tier) listOffsets(r kmsg.Request) kmsg.Response {
	req := r.(*kmsg.ListOffsetsRequest)
	if req.Version < 1 || !t.concerns(req) {
		return nil
	}
	resp := req.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, topic := range req.Topics {
		answer := kmsg.NewListOffsetsResponseTopic()
		answer.Topic = topic.Topic
		for _, p := range topic.Partitions {
			answer.Partitions = append(answer.Partitions, t.offsetOf(topic.Topic, p, req.IsolationLevel == committed))
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return resp
}

func (t *Tier) concerns(req *kmsg.ListOffsetsRequest) bool {
	for _, topic := range req.Topics {
		for _, p := range topic.Partitions {
			part := t.known(place{topic.Topic, p.Partition})
			if p.Timestamp != atEnd && part != nil && len(part.list()) > 0 {
				return true
			}
		}
	}
	return false
}

func (t *Tier) offsetOf(topic string, p kmsg.ListOffsetsRequestTopicPartition, readCommitted bool) kmsg.ListOffsetsResponseTopicPartition {
	a := kmsg.NewListOffsetsResponseTopicPartition()
	a.Partition, a.Offset, a.Timestamp = p.Partition, nothingHas, noTimeYet
	info := t.cluster.PartitionInfo(topic, p.Partition)
	if info == nil {
		a.ErrorCode = kerr.UnknownTopicOrPartition.Code
		return a
	}
	part := t.known(place{topic, p.Partition})
	a.LeaderEpoch = info.Epoch
	switch ts := p.Timestamp; {
	case ts == atEnd && readCommitted:
		a.Offset = info.LastStableOffset
	case ts == atEnd:
		a.Offset = info.HighWatermark
	case ts == atStart || ts == atLocal:
		a.Offset = start(part, info)
	case ts < atLatest:
		a.ErrorCode = kerr.UnsupportedVersion.Code
	case part != nil:
		hit, err := retried(func() (*found, error) { return part.seek(ts) })
		if err != nil {
			t.cfg.Logger.Error("embedded kafka: look up time", "topic", topic, "partition", p.Partition, "err", err)
			a.ErrorCode = kerr.KafkaStorageError.Code
		} else if hit != nil {
			a.Offset, a.Timestamp = hit.offset, hit.time
		}
	}
	return a
}

func (p *part) seek(ts int64) (*found, error) {
	files, err := p.view()
	if err != nil {
		return nil, err
	}
	if ts == atLatest {
		if ts, err = latest(files); err != nil || ts < byTime {
			return nil, err
		}
	}
	return after(files, ts)
}
