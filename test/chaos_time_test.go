package test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"tabiya/internal/kafka"
)

// teller asks a target what time it is.
type teller func(context.Context) (time.Time, error)

// clockSteps counts the steps of clocks.
type clockSteps struct {
	Injected int `json:"injected"`
	Seen     int `json:"seen"` // the target told another time; else it could not be asked
}

// tellsDate asks by HTTP: every answer has a date.
func tellsDate(url string) teller {
	return func(ctx context.Context) (time.Time, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/healthz", nil)
		if err != nil {
			return time.Time{}, err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return time.Time{}, err
		}
		_ = answer.Body.Close()
		return http.ParseTime(answer.Header.Get("Date"))
	}
}

// clockTopic has one partition on each broker, without a copy on another.
const clockTopic = "chaos-clock"

func createClockTopic(t testing.TB, cfg kafka.Config, brokers int) {
	t.Helper()
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	topic, stamp := kmsg.NewCreateTopicsRequestTopic(), "LogAppendTime"
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = clockTopic, -1, -1
	for i := range brokers {
		topic.ReplicaAssignment = append(topic.ReplicaAssignment, kmsg.CreateTopicsRequestTopicReplicaAssignment{Partition: int32(i), Replicas: []int32{int32(i + 1)}})
	}
	for name, value := range map[string]*string{"message.timestamp.type": &stamp, "min.insync.replicas": new("1")} {
		topic.Configs = append(topic.Configs, kmsg.CreateTopicsRequestTopicConfig{Name: name, Value: value})
	}
	request := kmsg.NewPtrCreateTopicsRequest()
	request.Topics, request.TimeoutMillis = append(request.Topics, topic), 30_000
	answer, err := request.RequestWith(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	for _, made := range answer.Topics {
		if made.ErrorCode != 0 {
			t.Fatalf("create %s: error %d: %s", made.Topic, made.ErrorCode, *made.ErrorMessage)
		}
	}
}

// tellsTimestamp asks a broker by writing a record, which the broker timestamps.
func tellsTimestamp(cfg kafka.Config, partition int32) teller {
	return func(ctx context.Context) (time.Time, error) {
		client, err := kgo.NewClient(append(cfg.Opts(), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
		if err != nil {
			return time.Time{}, err
		}
		defer client.Close()
		r := &kgo.Record{Topic: clockTopic, Partition: partition, Value: []byte("tick")}
		if err := client.ProduceSync(ctx, r).FirstErr(); err != nil {
			return time.Time{}, err
		}
		client.AddConsumePartitions(map[string]map[int32]kgo.Offset{clockTopic: {partition: kgo.NewOffset().At(r.Offset)}})
		for {
			fetches := client.PollFetches(ctx)
			if err := fetches.Err0(); err != nil {
				return time.Time{}, err
			}
			for _, got := range fetches.Records() {
				if got.Offset == r.Offset {
					return got.Timestamp, nil
				}
			}
		}
	}
}

// clockPrecision is more than what a date in whole seconds leaves out.
const clockPrecision = 2 * time.Second

// differs returns an error unless a target's time, told between two moments, is step off.
func differs(told, before, after time.Time, step time.Duration) error {
	if told.Before(before.Add(step-clockPrecision)) || told.After(after.Add(step+clockPrecision)) {
		return fmt.Errorf("is %s off, not %s", told.Sub(after).Round(time.Second), step)
	}
	return nil
}

// checkStep asks a target whose clock was stepped for its time. That it tells another
// than the step makes is a finding: then no clock was stepped.
func (r *chaosRun) checkStep(f chaosFault) {
	ctx, cancel := context.WithTimeout(context.Background(), f.hold)
	defer cancel()
	before := time.Now()
	told, err := r.tell[f.names[0]](ctx)
	after := time.Now()
	if err == nil {
		if wrong := differs(told, before, after, f.step); wrong != nil {
			r.load.wrongf("the clock of %s %v", f.names[0], wrong)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps.Injected++
	if err == nil {
		r.steps.Seen++
	}
}

func TestClockThatIsNotSteppedIsSeen(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for range 100 {
		step := 5*time.Second + rand.N(30*time.Second)
		if rand.IntN(2) == 0 {
			step = -step
		}
		truncated := now.Add(step).Truncate(time.Second)
		if err := differs(truncated, now, now.Add(100*time.Millisecond), step); err != nil {
			t.Errorf("step %s: %v", step, err)
		}
		if differs(now.Truncate(time.Second), now, now.Add(100*time.Millisecond), step) == nil {
			t.Errorf("a clock that was not stepped passes for %s off", step)
		}
	}
}
