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

// gamesProcessor is a process of the games processor. It is a static member of its
// group, so it keeps its name there when it is restarted.
type gamesProcessor struct {
	*process
	cluster           *cluster
	instance, address string
}

func (f *cluster) startGamesProcessor(instance string) (*gamesProcessor, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	m := &gamesProcessor{cluster: f, instance: instance, address: address}
	return m, m.start()
}

func (m *gamesProcessor) start() (err error) {
	m.process, err = m.cluster.process(m.address, "processor", "games", "--kafka-instance", m.instance)
	return err
}

// kill ends the process with SIGKILL.
func (m *gamesProcessor) kill() error {
	if err := m.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("kill %s: %w", m.instance, err)
	}
	<-m.done
	return nil
}

// checkBalanced returns an error unless both games processors are ready and have half
// of the partitions each.
func (f *cluster) checkBalanced() error {
	for _, m := range f.processors {
		owned, err := m.ownedPartitions()
		if err != nil {
			return err
		}
		if len(owned) != clusterPartitions/len(f.processors) {
			return fmt.Errorf("%s has %d partitions", m.instance, len(owned))
		}
		if err := ready("http://" + m.address); err != nil {
			return fmt.Errorf("%s: %w", m.instance, err)
		}
	}
	return nil
}

// ownedPartitions returns the partitions that the group has assigned to the process.
func (m *gamesProcessor) ownedPartitions() (partitions []int32, err error) {
	return m.cluster.assigned(m.instance)
}

// assigned returns the partitions of a member of the games group, none if there is no
// such member. It returns an error during a rebalance.
func (f *cluster) assigned(instance string) (partitions []int32, err error) {
	client, err := kgo.NewClient(f.kafka.Opts()...)
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
		if other.InstanceID == nil || *other.InstanceID != instance {
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

// partitionOf returns the partition of a game's commands.
func partitionOf(gameID string) int32 { return kafka.PartitionOf(gameID, clusterPartitions) }
