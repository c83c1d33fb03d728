package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// member is a games processor. Its name in the group stays the same from one
// life to the next.
type member struct {
	*process
	fleet             *fleet
	instance, address string
}

func (f *fleet) newMember(instance string) (*member, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	m := &member{fleet: f, instance: instance, address: address}
	return m, m.start()
}

func (m *member) start() (err error) {
	m.process, err = m.fleet.process(m.address, "processor", "games", "--kafka-instance", m.instance)
	return err
}

// kill ends it with SIGKILL.
func (m *member) kill() error {
	if err := m.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("kill %s: %w", m.instance, err)
	}
	<-m.done
	return nil
}

// whole reports what the group lacks: both members, ready, each with its half of
// the partitions.
func (f *fleet) whole() error {
	for _, m := range f.members {
		owned, err := m.owned()
		if err != nil {
			return err
		}
		if len(owned) != fleetPartitions/len(f.members) {
			return fmt.Errorf("%s has %d partitions", m.instance, len(owned))
		}
		if err := ready("http://" + m.address); err != nil {
			return fmt.Errorf("%s: %w", m.instance, err)
		}
	}
	return nil
}

// owned are the partitions that the member has.
func (m *member) owned() (partitions []int32, err error) {
	client, err := kgo.NewClient(m.fleet.kafka.Opts()...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	groups, err := kadm.NewClient(client).DescribeGroups(context.Background(), schemas.GamesGroup)
	group := groups[schemas.GamesGroup]
	if err := errors.Join(err, group.Err); err != nil {
		return nil, fmt.Errorf("describe group %s: %w", schemas.GamesGroup, err)
	}
	if group.State != "Stable" {
		return nil, fmt.Errorf("group %s is %s", group.Group, group.State)
	}
	for _, other := range group.Members {
		if other.InstanceID == nil || *other.InstanceID != m.instance {
			continue
		}
		assigned, ok := other.Assigned.AsConsumer()
		if !ok {
			return nil, fmt.Errorf("group %s: unknown assignment", group.Group)
		}
		for _, t := range assigned.Topics {
			if t.Topic == schemas.GameCommands {
				partitions = append(partitions, t.Partitions...)
			}
		}
	}
	return partitions, nil
}

// partitionOf is where a game's commands go.
func partitionOf(gameID string) int32 { return kafka.PartitionOf(gameID, fleetPartitions) }
