package realkafka_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka/realkafka"
)

func TestBrokerTimestampsRecordsAndKeepsThemThroughStopKillAndPause(t *testing.T) {
	t.Parallel()
	broker := realkafka.Start(t)
	ctx := t.Context() // on a busy machine a broker's start can take minutes
	client, err := kgo.NewClient(kgo.SeedBrokers(broker.Brokers()...), kgo.ConsumeTopics("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	stamp := "LogAppendTime"
	if _, err := kadm.NewClient(client).CreateTopic(ctx, 1, 1, map[string]*string{"message.timestamp.type": &stamp}, "t"); err != nil {
		t.Fatal(err)
	}

	steps := []struct {
		name string
		do   func()
	}{
		{"started", func() {}},
		{"stopped and started", func() { broker.Stop(); broker.Restart() }},
		{"killed and started", func() { broker.Kill(); broker.Restart() }},
		{"paused and resumed", func() { broker.Pause(); time.AfterFunc(200*time.Millisecond, broker.Resume) }},
	}
	before := time.Now().Add(-time.Second)
	for _, step := range steps {
		step.do()
		sent := &kgo.Record{Topic: "t", Value: []byte(step.name), Timestamp: time.UnixMilli(1)}
		if err := client.ProduceSync(ctx, sent).FirstErr(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
	}
	var got []*kgo.Record
	for len(got) < len(steps) {
		fetches := client.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			t.Fatalf("read %d of %d records: %v", len(got), len(steps), err)
		}
		got = append(got, fetches.Records()...)
	}
	for i, step := range steps {
		if string(got[i].Value) != step.name {
			t.Errorf("record %d is %q, not %q", i, got[i].Value, step.name)
		}
		if got[i].Timestamp.Before(before) {
			t.Errorf("%s: the record has timestamp %s, which is not the broker's", step.name, got[i].Timestamp)
		}
	}
}
