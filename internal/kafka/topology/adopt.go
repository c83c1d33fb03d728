package topology

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// Records says what the records of an adopted topic are.
type Records int

const (
	// New records have not been read by anybody. Commands are decided and events are
	// archived from the topic's beginning.
	New Records = iota + 1
	// Copy means the records of an earlier topic, at the same offsets. Their commands
	// are not decided again, and sinks continue at the offsets they had reached.
	Copy
)

// ErrUnchanged means that there is nothing to adopt.
var ErrUnchanged = errors.New("the topics are those of topology")

// Adopt records the present topics of an aggregate in topology, in a new generation.
// name is the aggregate or one of its topics. Adopt records those topics whose ids
// differ from topology. If no id differs, Copy records the present ends of topics that
// lost records at their end, and New returns ErrUnchanged. No processor of the
// aggregate may run.
//
// Adopt writes topology last, so a call that was interrupted can be repeated.
func Adopt(ctx context.Context, cfg kafka.Config, name string, records Records) (schemas.Topology, error) {
	a, topics, err := find(name)
	if err != nil {
		return schemas.Topology{}, err
	}
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return schemas.Topology{}, err
	}
	defer client.Close()
	s, err := Read(ctx, client)
	if err != nil {
		return schemas.Topology{}, err
	}
	if s.records[a.Name].Rebuilding {
		return schemas.Topology{}, fmt.Errorf("the rows of %s are being made again: finish `tabiya rebuild tables %s` first", a.Table, a.Name)
	}
	next, err := adoption{client, kadm.NewClient(client), a, s.records[a.Name], records}.next(ctx, topics)
	if err != nil {
		return schemas.Topology{}, err
	}
	if err := write(ctx, cfg, next); err != nil {
		return schemas.Topology{}, err
	}
	if s, err = Read(ctx, client); err != nil {
		return schemas.Topology{}, err
	}
	if !same(s.records[a.Name], next) {
		return schemas.Topology{}, fmt.Errorf("somebody else changed the topology of %s at the same time: look at it, and adopt again", a.Name)
	}
	return next, nil
}

// Changed returns the names of the aggregates that have another topic than topology
// says.
func Changed(ctx context.Context, cfg kafka.Config) (names []string, err error) {
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	s, err := Read(ctx, client)
	if err != nil {
		return nil, err
	}
	for _, a := range schemas.Aggregates() {
		err := s.Check(ctx, client, a.Commands, a.Table, a.Events)
		switch {
		case errors.Is(err, ErrMismatch):
			names = append(names, a.Name)
		case err != nil:
			return nil, err
		}
	}
	return names, nil
}

// find returns the aggregate and the topics that name stands for.
func find(name string) (schemas.Aggregate, []string, error) {
	for _, a := range schemas.Aggregates() {
		all := []string{a.Commands, a.Events, a.Table}
		if a.Name == name {
			return a, all, nil
		}
		if slices.Contains(all, name) {
			return a, []string{name}, nil
		}
	}
	return schemas.Aggregate{}, nil, fmt.Errorf("%q is neither an aggregate (player, queue, game) nor a topic of one", name)
}

// adoption is one call of Adopt.
type adoption struct {
	client    *kgo.Client
	adm       *kadm.Client
	aggregate schemas.Aggregate
	now       schemas.Topology
	records   Records
}

// next returns the next generation.
func (ad adoption) next(ctx context.Context, topics []string) (schemas.Topology, error) {
	next := ad.now
	next.Generation++
	details, err := ad.adm.ListTopics(ctx, topics...)
	if err := errors.Join(err, details.Error()); err != nil {
		return next, fmt.Errorf("look up topics: %w", err)
	}
	changed := slices.DeleteFunc(slices.Clone(topics), func(topic string) bool {
		return idOf(details[topic]) == ad.now.Topic(topic).ID
	})
	if len(changed) == 0 {
		if ad.records == New {
			return next, fmt.Errorf("%w: what they hold was read already", ErrUnchanged)
		}
		changed = slices.DeleteFunc(slices.Clone(topics), func(topic string) bool { return topic == ad.aggregate.Table })
	}
	if err := ad.identities(ctx, &next, changed, details); err != nil {
		return next, err
	}
	if next.Commands.Since != next.Generation {
		return next, nil
	}
	if err := ad.forgetCommits(ctx); err != nil {
		return next, err
	}
	// While the members were waited for, they may have written.
	return next, ad.identities(ctx, &next, changed, details)
}

// identities sets the identities of the adopted topics.
func (ad adoption) identities(ctx context.Context, next *schemas.Topology, changed []string, details kadm.TopicDetails) error {
	for _, topic := range changed {
		identity, err := ad.identity(ctx, details[topic])
		if err != nil {
			return err
		}
		switch topic {
		case ad.aggregate.Commands:
			next.Commands = identity
		case ad.aggregate.Events:
			next.Events = identity
		default:
			next.Table = identity
		}
	}
	return nil
}

// identity returns the identity of an adopted topic.
func (ad adoption) identity(ctx context.Context, topic kadm.TopicDetail) (schemas.TopicIdentity, error) {
	identity := schemas.TopicIdentity{ID: idOf(topic), Since: ad.now.Generation + 1}
	if n := int32(len(topic.Partitions)); n != ad.now.Partitions {
		return identity, fmt.Errorf("topic %s has %d partitions, not %d: keys cannot move", topic.Topic, n, ad.now.Partitions)
	}
	if ad.records == New {
		if topic.Topic == ad.aggregate.Table {
			return identity, fmt.Errorf("topic %s is a table, and a new one has no rows: run `tabiya rebuild tables %s`, or put a copy of the rows there and adopt it with --copy",
				topic.Topic, ad.aggregate.Name)
		}
		return identity, nil
	}
	ends, err := ad.adm.ListEndOffsets(ctx, topic.Topic)
	if err := errors.Join(err, ends.Error()); err != nil {
		return identity, fmt.Errorf("list ends of %s: %w", topic.Topic, err)
	}
	copied := schemas.Copied{Generation: ad.now.Topic(topic.Topic).Since, Ends: make([]int64, ad.now.Partitions)}
	ends.Each(func(end kadm.ListedOffset) { copied.Ends[end.Partition] = end.Offset })
	identity.Copied = append(slices.Clone(ad.now.Topic(topic.Topic).Copied), copied)
	return identity, nil
}

// forgetCommits deletes the offsets that the aggregate's group has committed. They are
// those of another topic: a member that commits while the topic is replaced would
// make its successor skip commands. Members are waited for, since they work by the
// old topology.
func (ad adoption) forgetCommits(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		err := ad.tryForgetCommits(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("forget what group %s has committed: %w (stop its processors first)", ad.aggregate.Group, err)
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func (ad adoption) tryForgetCommits(ctx context.Context) error {
	groups, err := ad.adm.DescribeGroups(ctx, ad.aggregate.Group)
	if err != nil {
		return err
	}
	switch group := groups[ad.aggregate.Group]; {
	case group.State == "Dead" || errors.Is(group.Err, kerr.GroupIDNotFound):
		return nil // it has committed nothing
	case group.Err != nil:
		return group.Err
	case len(group.Members) > 0:
		return fmt.Errorf("it has %d members", len(group.Members))
	}
	var all kadm.TopicsSet
	for partition := range ad.now.Partitions {
		all.Add(ad.aggregate.Commands, partition)
	}
	deleted, err := ad.adm.DeleteOffsets(ctx, ad.aggregate.Group, all)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, partitions := range deleted {
		for partition, err := range partitions {
			if err != nil && !errors.Is(err, kerr.UnknownTopicOrPartition) {
				return fmt.Errorf("partition %d: %w", partition, err)
			}
		}
	}
	return nil
}
