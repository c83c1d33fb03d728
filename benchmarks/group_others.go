package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// groupOthers are members of the games group that hold partitions and do nothing else.
// Real processors would take what tableWriter writes for records of a stale owner.
type groupOthers []*kgo.Client

// joinOthers makes n members and waits until all partitions are theirs.
func (f *cluster) joinOthers(n int) (others groupOthers, err error) {
	for i := range n {
		client, err := kgo.NewClient(append(f.kafka.Opts(),
			kgo.ConsumerGroup(schemas.GamesGroup), kgo.ConsumeTopics(schemas.GameCommands), kgo.InstanceID(fmt.Sprintf("other-%d", i)),
			kgo.Balancers(kgo.StickyBalancer()), kgo.DisableAutoCommit(), // as the processors
			kgo.HeartbeatInterval(100*time.Millisecond), kgo.SessionTimeout(time.Minute))...)
		if err != nil {
			others.close()
			return nil, err
		}
		others = append(others, client)
	}
	if err := retryFor(time.Minute, func() error { return f.checkAssigned(n) }); err != nil {
		others.close()
		return nil, err
	}
	return others, nil
}

// checkAssigned returns an error unless n others have all partitions.
func (f *cluster) checkAssigned(n int) error {
	total := 0
	for i := range n {
		partitions, err := f.assigned(fmt.Sprintf("other-%d", i))
		if err != nil {
			return err
		}
		total += len(partitions)
	}
	if total != clusterPartitions {
		return fmt.Errorf("the members have %d of %d partitions", total, clusterPartitions)
	}
	return nil
}

func (o groupOthers) close() {
	for _, client := range o {
		client.Close()
	}
}

// evict removes a member that was killed from the group, so that its next start is not
// taken for a quick restart.
func (f *cluster) evict(m *gamesProcessor) error {
	client, err := kgo.NewClient(f.kafka.Opts()...)
	if err != nil {
		return err
	}
	defer client.Close()
	left, err := kadm.NewClient(client).LeaveGroup(context.Background(), kadm.LeaveGroup(schemas.GamesGroup).InstanceIDs(m.instance))
	if err := errors.Join(err, left.Error()); err != nil {
		return fmt.Errorf("remove %s from its group: %w", m.instance, err)
	}
	return nil
}
