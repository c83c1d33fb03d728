package processors_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tabiya/internal/eventually"
	"tabiya/processors"
	"tabiya/schemas"
)

// startQueues runs the matchmaking processor until the test ends.
func (r *rig) startQueues(reg prometheus.Registerer) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- groups()[schemas.QueueCommands].run(ctx, processors.Config{Kafka: r.Config, Logger: slog.New(slog.NewTextHandler(testWriter{r.t}, nil)), Registerer: reg})
	}()
	r.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("run: %v", err)
		}
	})
}

// Its row could not be made: it is the key of no queue.
func TestTombstoneOfNoQueueLiftsItsQuarantine(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	key := []byte("the key of no queue")
	r.produce(&kgo.Record{Topic: schemas.MatchmakingTable, Key: key, Value: []byte("garbage")}, &kgo.Record{Topic: schemas.MatchmakingTable, Key: key})
	reg := prometheus.NewPedanticRegistry()
	r.startQueues(reg)
	g := groups()[schemas.QueueCommands]
	g.accept(r, g.command(1))
	if n := gauge(t, reg, "tabiya_quarantined_keys"); n != 0 {
		t.Errorf("%g keys are quarantined, want none", n)
	}
}

func TestDeletedQueueIsMadeAgainAfterKafkaHadAnError(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	r.RequireFake(t)
	g := groups()[schemas.QueueCommands]
	stop := g.start(r, 1)
	queue := g.command(2)
	g.accept(r, queue)
	stop()
	r.produce(&kgo.Record{Topic: schemas.MatchmakingTable, Key: []byte(queue.Key)})
	var refused atomic.Int32
	r.Fake.ControlKey(int16(kmsg.ListOffsets), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r.Fake.KeepControl()
		list, ok := req.(*kmsg.ListOffsetsRequest)
		if !ok || len(list.Topics) != 1 || list.Topics[0].Topic != schemas.QueueEvents || refused.Load() >= 2 {
			return nil, nil, false
		}
		refused.Add(1)
		answer := list.ResponseKind().(*kmsg.ListOffsetsResponse)
		topic := kmsg.NewListOffsetsResponseTopic()
		topic.Topic = schemas.QueueEvents
		for _, p := range list.Topics[0].Partitions {
			partition := kmsg.NewListOffsetsResponseTopicPartition()
			partition.Partition, partition.ErrorCode = p.Partition, kerr.TopicAuthorizationFailed.Code
			topic.Partitions = append(topic.Partitions, partition)
		}
		answer.Topics = append(answer.Topics, topic)
		return answer, nil, true
	})
	r.startQueues(nil)
	eventually.True(t, "the row of the deleted queue", func() bool { return len(r.rows(schemas.MatchmakingTable)[queue.Key]) > 0 })
	if refused.Load() != 2 {
		t.Errorf("Kafka refused %d readings, want 2", refused.Load())
	}
}
