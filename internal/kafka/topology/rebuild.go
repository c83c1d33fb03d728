package topology

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// Rebuild calls fn while the table of each of the aggregates is closed: topology says
// that its rows are being made again, so nobody reads it, and its group has no member.
// When fn succeeds, the tables are opened as they are then, in a new generation. If fn
// fails or the process dies, they stay closed, and Rebuild has to be repeated.
func Rebuild(ctx context.Context, cfg kafka.Config, aggregates []schemas.Aggregate, fn func(Snapshot) error) error {
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return err
	}
	defer client.Close()
	s, err := closeTables(ctx, cfg, client, aggregates)
	if err != nil {
		return err
	}
	for _, a := range aggregates {
		if err := waitUntilEmpty(ctx, kadm.NewClient(client), a.Group); err != nil {
			return err
		}
	}
	if err := fn(s); err != nil {
		return err
	}
	return openTables(ctx, cfg, client, aggregates, s)
}

// closeTables marks the tables in topology.
func closeTables(ctx context.Context, cfg kafka.Config, client *kgo.Client, aggregates []schemas.Aggregate) (Snapshot, error) {
	s, err := Read(ctx, client)
	if err != nil {
		return s, err
	}
	var marked []schemas.Topology
	for _, a := range aggregates {
		if err := s.checkRebuildable(ctx, client, a); err != nil {
			return s, err
		}
		if now := s.records[a.Name]; !now.Rebuilding {
			now.Rebuilding = true
			now.Generation++
			marked = append(marked, now)
		}
	}
	if len(marked) == 0 {
		return s, nil
	}
	if err := write(ctx, cfg, marked...); err != nil {
		return s, err
	}
	return Read(ctx, client)
}

// checkRebuildable returns an error if the log of an aggregate is not the one in
// topology, or if its table's topic cannot take the rows.
func (s Snapshot) checkRebuildable(ctx context.Context, client *kgo.Client, a schemas.Aggregate) error {
	if err := s.Check(ctx, client, a.Commands, a.Events); err != nil {
		return err
	}
	table, err := tableTopic(ctx, client, a)
	if err != nil {
		return err
	}
	if n, want := int32(len(table.Partitions)), s.records[a.Name].Partitions; n != want {
		return fmt.Errorf("topic %s has %d partitions, not %d: replace it by one with %d", a.Table, n, want, want)
	}
	return nil
}

func tableTopic(ctx context.Context, client *kgo.Client, a schemas.Aggregate) (kadm.TopicDetail, error) {
	details, err := kadm.NewClient(client).ListTopics(ctx, a.Table)
	if err != nil {
		return kadm.TopicDetail{}, fmt.Errorf("look up topic %s: %w", a.Table, err)
	}
	err = details[a.Table].Err
	if errors.Is(err, kerr.UnknownTopicOrPartition) {
		return kadm.TopicDetail{}, fmt.Errorf("topic %s does not exist: run `tabiya topics create` first", a.Table)
	}
	if err != nil {
		return kadm.TopicDetail{}, fmt.Errorf("look up topic %s: %w", a.Table, err)
	}
	return details[a.Table], nil
}

// openTables records the present tables in topology.
func openTables(ctx context.Context, cfg kafka.Config, client *kgo.Client, aggregates []schemas.Aggregate, before Snapshot) error {
	now, err := Read(ctx, client)
	if err != nil {
		return err
	}
	var next []schemas.Topology
	for _, a := range aggregates {
		if !same(now.records[a.Name], before.records[a.Name]) {
			return fmt.Errorf("somebody else changed the topology of %s at the same time: rebuild again", a.Name)
		}
		table, err := tableTopic(ctx, client, a)
		if err != nil {
			return err
		}
		t := now.records[a.Name]
		t.Rebuilding = false
		t.Generation++
		if id := idOf(table); id != t.Table.ID {
			t.Table = schemas.TopicIdentity{ID: id, Since: t.Generation}
		}
		next = append(next, t)
	}
	return write(ctx, cfg, next...)
}

// waitUntilEmpty waits until a group has no members. They end by themselves once
// topology has changed; one that died counts until its session has timed out.
func waitUntilEmpty(ctx context.Context, adm *kadm.Client, group string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		groups, err := adm.DescribeGroups(ctx, group)
		described := groups[group]
		switch {
		case err != nil:
		case described.State == "Dead" || errors.Is(described.Err, kerr.GroupIDNotFound):
			return nil
		case described.Err != nil:
			err = described.Err
		case len(described.Members) == 0:
			return nil
		default:
			err = fmt.Errorf("it has %d members", len(described.Members))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until nobody is in group %s: %w (stop its processors)", group, err)
		case <-time.After(250 * time.Millisecond):
		}
	}
}
