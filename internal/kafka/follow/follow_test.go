package follow_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/brokertime"
	"tabiya/internal/kafka/follow"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/schemas"
)

const (
	patience = 30 * time.Second
	topic    = schemas.CommandReplies
)

type rig struct {
	*kafkatest.Cluster
	t        *testing.T
	producer *kafka.Producer
	adm      *kadm.Client
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{Cluster: kafkatest.Start(t, 3), t: t}
	var err error
	if r.producer, err = kafka.NewProducer(r.Config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.producer.Close)
	r.adm = kadm.NewClient(r.client())
	return r
}

func (r *rig) client(opts ...kgo.Opt) *kgo.Client {
	r.t.Helper()
	client, err := kgo.NewClient(append(r.Config.Opts(), opts...)...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(client.Close)
	return client
}

// write appends records with the values from, from+1, ..., to-1.
func (r *rig) write(from, to int) {
	r.t.Helper()
	for i := from; i < to; i++ {
		v := strconv.Itoa(i)
		if err := r.producer.SendRecords(r.t.Context(), &kgo.Record{Topic: topic, Key: []byte(v), Value: []byte(v)}); err != nil {
			r.t.Fatal(err)
		}
	}
}

// brokerClock returns a function that lets time pass for the broker. Only a real one has
// to be waited for: the fake one's clock is set, to some minutes ago.
func (r *rig) brokerClock() (pass func(time.Duration)) {
	if r.Fake == nil {
		return time.Sleep
	}
	var passed atomic.Int64
	began := time.Now().Add(-10 * time.Minute)
	brokertime.InstallClock(r.Fake, func() time.Time { return began.Add(time.Duration(passed.Load())) })
	return func(d time.Duration) { passed.Add(int64(d)) }
}

// trim deletes all records of the topic, as retention does.
func (r *rig) trim() {
	r.t.Helper()
	ends, err := r.adm.ListEndOffsets(r.t.Context(), topic)
	if err != nil {
		r.t.Fatal(err)
	}
	deleted, err := r.adm.DeleteRecords(r.t.Context(), ends.Offsets())
	if err := errors.Join(err, deleted.Error()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) recreate() {
	r.t.Helper()
	ctx := r.t.Context()
	if deleted, err := r.adm.DeleteTopics(ctx, topic); errors.Join(err, deleted.Error()) != nil {
		r.t.Fatal(err, deleted.Error())
	}
	eventually.True(r.t, "the topic is created again", func() bool {
		_, err := r.adm.CreateTopic(ctx, 3, 1, nil, topic)
		if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			r.t.Fatal(err)
		}
		return err == nil
	})
}

func (r *rig) start(topics ...follow.Topic) *reader {
	r.t.Helper()
	f, err := follow.Start(r.t.Context(), r.client(kgo.FetchMaxWait(250*time.Millisecond)), nil, topics...)
	if err != nil {
		r.t.Fatal(err)
	}
	return &reader{Reader: f, t: r.t, values: make(chan value, 1000), caughtUp: make(chan struct{}), ended: make(chan error, 1)}
}

// reader is a follow.Reader whose handler reports to the test.
type reader struct {
	*follow.Reader
	t        *testing.T
	values   chan value
	caughtUp chan struct{}
	ended    chan error
}

type value struct {
	text   string
	behind bool
}

func (rd *reader) run() *reader {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		rd.ended <- rd.Run(ctx, follow.Handler{
			Records: func(records []*kgo.Record) {
				for _, r := range records {
					rd.values <- value{string(r.Value), rd.Behind(r.Topic, r.Partition)}
				}
			},
			CaughtUp: func() { close(rd.caughtUp) },
		})
		close(rd.ended)
	}()
	rd.t.Cleanup(func() {
		cancel()
		if err := <-rd.ended; err != nil {
			rd.t.Error(err)
		}
	})
	return rd
}

func (rd *reader) waitCaughtUp() {
	rd.t.Helper()
	select {
	case <-rd.caughtUp:
	case <-time.After(patience):
		rd.t.Fatal("not caught up")
	}
}

// want checks that the next values are from, from+1, ..., to-1, in any order. If
// behind is given, it also checks whether their partitions were behind.
func (rd *reader) want(from, to int, behind ...bool) {
	rd.t.Helper()
	var seen []int
	for range to - from {
		select {
		case v := <-rd.values:
			n, err := strconv.Atoi(v.text)
			if err != nil || len(behind) > 0 && v.behind != behind[0] {
				rd.t.Errorf("got %+v", v)
			}
			seen = append(seen, n)
		case <-time.After(patience):
			rd.t.Fatalf("only %v of %d to %d", seen, from, to)
		}
	}
	slices.Sort(seen)
	for i, n := range seen {
		if n != from+i {
			rd.t.Fatalf("got %v, want %d to %d", seen, from, to)
		}
	}
}

func (rd *reader) wantError(target error) {
	rd.t.Helper()
	select {
	case err := <-rd.ended:
		if !errors.Is(err, target) {
			rd.t.Fatalf("ended with %v, want %v", err, target)
		}
		rd.t.Log(err)
	case <-time.After(patience):
		rd.t.Fatal("Run does not return")
	}
}
