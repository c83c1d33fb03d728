// Package topology reads and writes the topology topic, which says which topics hold
// an aggregate's data, and compares it with the topics that there are.
//
//	topology, err := topology.Read(ctx, client)              // before anything is read or written
//	err = topology.Check(ctx, client, topics...)             // are they still the same topics?
//	err = topology.Watch(ctx, client, raised, topics...)     // ends when they are not, or when topology changes
//
// Kafka tells nobody that a topic was deleted, created again or given more
// partitions, so Watch asks for the ids and counts every few seconds. The same
// request tells the end of the topology topic, so that a new record is noticed
// without a consumer of its own.
package topology

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// ErrMismatch means that the topics are not those of topology. Somebody has to act;
// the error says what happened and what to do.
var ErrMismatch = errors.New("topology")

// ErrChanged means that topology has a new record. Who works by the old one has
// to start again.
var ErrChanged = errors.New("topology has changed")

// Snapshot is what topology said when it was read.
type Snapshot struct {
	records map[string]schemas.Topology // by aggregate
	end     int64                       // of the topology topic
}

// Read reads topology. It returns an ErrMismatch if an aggregate has no record.
func Read(ctx context.Context, client *kgo.Client) (Snapshot, error) {
	s, err := read(ctx, client)
	if err != nil {
		return s, err
	}
	for _, a := range schemas.Aggregates() {
		if _, ok := s.records[a.Name]; !ok {
			return s, fmt.Errorf("%w has no record of aggregate %s: run `tabiya topics create`", ErrMismatch, a.Name)
		}
	}
	return s, nil
}

func read(ctx context.Context, client *kgo.Client) (s Snapshot, err error) {
	s.records = make(map[string]schemas.Topology)
	s.end, err = kafka.EndOffset(ctx, client, schemas.TopologyTopic, 0)
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return s, fmt.Errorf("%w has no topic: run `tabiya topics create`", ErrMismatch)
	}
	if err == nil {
		err = kafka.ReadPartition(ctx, client, schemas.TopologyTopic, 0, time.UnixMilli(0), s.apply)
	}
	if err != nil {
		return s, fmt.Errorf("read topology: %w", err)
	}
	return s, nil
}

// apply takes a record of the topology topic. It skips malformed ones, and those of a
// generation before the present one, which a delayed writer may send. A format never
// falls: data of the higher one may have been written already.
func (s Snapshot) apply(r *kgo.Record) error {
	key := string(r.Key)
	if r.Value == nil {
		delete(s.records, key)
		return nil
	}
	t, err := schemas.DecodeTopology(r.Value)
	if err == nil && t.Aggregate == key && t.Generation >= s.records[key].Generation {
		t.Format = max(t.Format, s.records[key].Format)
		s.records[key] = t
	}
	return nil
}

// Of returns the record of the aggregate that a topic belongs to.
func (s Snapshot) Of(topic string) schemas.Topology {
	a, _ := schemas.AggregateOf(topic)
	return s.records[a.Name]
}

// Partitions implements kafka.Counts.
func (s Snapshot) Partitions(topic string) (int32, error) { return s.Of(topic).Partitions, nil }

// Check returns an ErrMismatch if one of the topics does not exist, is another topic
// than the one in topology, or has another number of partitions.
func (s Snapshot) Check(ctx context.Context, client *kgo.Client, topics ...string) error {
	details, err := kadm.NewClient(client).ListTopics(ctx, topics...)
	if err != nil {
		return fmt.Errorf("look up topics: %w", err)
	}
	for _, name := range topics {
		if err := s.compare(name, details[name]); err != nil {
			return err
		}
	}
	return nil
}

func (s Snapshot) compare(name string, have kadm.TopicDetail) error {
	want, mend := s.Of(name), mend(name)
	switch count := int32(len(have.Partitions)); {
	case errors.Is(have.Err, kerr.UnknownTopicOrPartition):
		return fmt.Errorf("%w: topic %s does not exist any more: run `tabiya topics create`, then %s", ErrMismatch, name, mend)
	case have.Err != nil:
		return fmt.Errorf("look up topic %s: %w", name, have.Err)
	case want.Format > schemas.LatestFormat:
		return fmt.Errorf("%w: %s is written in format %d and this release reads up to %d: %w: run a later release", ErrMismatch, name, want.Format, schemas.LatestFormat, schemas.ErrLaterFormat)
	case want.Format < schemas.OldestFormat:
		return fmt.Errorf("%w: %s is written in format %d and this release reads from %d on: run the release before, and there `tabiya upgrade finish`", ErrMismatch, name, want.Format, schemas.OldestFormat)
	case want.Rebuilding && isTable(name):
		return fmt.Errorf("%w: the rows of %s are being made again: wait for `tabiya rebuild tables`, or run it again if it was interrupted", ErrMismatch, name)
	case idOf(have) != want.Topic(name).ID:
		return fmt.Errorf("%w: topic %s was created again or moved (its id is %s, not %s): run %s", ErrMismatch, name, idOf(have), want.Topic(name).ID, mend)
	case count != want.Partitions:
		return fmt.Errorf("%w: topic %s has %d partitions, not %d: replace it by one with %d, then run %s", ErrMismatch, name, count, want.Partitions, want.Partitions, mend)
	}
	return nil
}

func isTable(topic string) bool {
	a, _ := schemas.AggregateOf(topic)
	return topic == a.Table
}

// mend returns the command that makes another topic of that name usable.
func mend(topic string) string {
	if a, _ := schemas.AggregateOf(topic); topic == a.Table {
		return fmt.Sprintf("`tabiya rebuild tables %s` (or, if it holds a copy of the rows, `tabiya topics adopt --copy %s`)", a.Name, topic)
	}
	return "`tabiya topics adopt`"
}

func same(a, b schemas.Topology) bool { return bytes.Equal(a.Encode(), b.Encode()) }

func idOf(t kadm.TopicDetail) string { return uuid.UUID(t.ID).String() }

// watchInterval is how often Watch looks.
const watchInterval = 2 * time.Second

// Watch waits until ctx is done, and returns nil then. It returns an ErrMismatch if
// Check does so twice in a row, since a broker that has just started may not know
// all topics yet, and ErrChanged if topology has a new record of their aggregates. It
// waits out a broker that is away. If nothing but the format has changed, and this
// release can write it, Watch calls raised with the new snapshot and goes on.
func (s Snapshot) Watch(ctx context.Context, client *kgo.Client, raised func(Snapshot), topics ...string) error {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	for mismatches := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now, err := s.look(ctx, client, topics)
		if err == nil && now.raises(s, topics) {
			raised(now)
		}
		if err == nil {
			s = now
		}
		switch {
		case errors.Is(err, ErrChanged):
			return err
		case !errors.Is(err, ErrMismatch):
			mismatches = 0
		case mismatches > 0:
			return err
		default:
			mismatches++
		}
	}
}

// look returns what topology says now.
func (s Snapshot) look(ctx context.Context, client *kgo.Client, topics []string) (Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	now := s
	end, err := kafka.EndOffset(ctx, client, schemas.TopologyTopic, 0)
	if err == nil && end != s.end {
		if read, err := read(ctx, client); err == nil {
			now = read
		}
		if slices.ContainsFunc(topics, func(t string) bool { return !sameTopics(now.Of(t), s.Of(t)) }) {
			return s, ErrChanged
		}
	}
	return now, now.Check(ctx, client, topics...)
}

// raises reports whether the data of a topic has another format than before.
func (s Snapshot) raises(before Snapshot, topics []string) bool {
	return slices.ContainsFunc(topics, func(t string) bool { return s.Of(t).Format != before.Of(t).Format })
}

// sameTopics reports whether two records differ in nothing but the format.
func sameTopics(a, b schemas.Topology) bool {
	a.Format = b.Format
	return same(a, b)
}
