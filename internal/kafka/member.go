package kafka

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// ServicesGroup is a group that the services join only to be seen in it: they read
// all partitions themselves.
const ServicesGroup = "services"

const memberMark = "-format-"

// MemberID is the client id of a member of a group. It ends in the latest format that
// the member's release reads, so that `tabiya upgrade` can tell older members.
func (c Config) MemberID() string {
	return c.clientID() + memberMark + strconv.Itoa(schemas.LatestFormat)
}

// Member is a process in a consumer group.
type Member struct {
	Group, ClientID, Host string
	// Format is the latest format that it reads; 0 for a release from before there
	// were formats.
	Format int
}

// Members returns the members of all groups that have the client id of cfg.
func Members(ctx context.Context, cfg Config) ([]Member, error) {
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	groups, err := kadm.NewClient(client).DescribeGroups(ctx)
	if err != nil {
		return nil, fmt.Errorf("describe groups: %w", err)
	}
	var members []Member
	for _, group := range groups.Sorted() {
		if group.Err != nil {
			return nil, fmt.Errorf("describe group %s: %w", group.Group, group.Err)
		}
		for _, m := range group.Members {
			if format, ok := memberFormat(cfg.clientID(), m.ClientID); ok {
				members = append(members, Member{group.Group, m.ClientID, m.ClientHost, format})
			}
		}
	}
	return members, nil
}

// memberFormat returns the format in a member's client id. ok is false for the client
// of somebody else.
func memberFormat(own, clientID string) (format int, ok bool) {
	if clientID == own {
		return 0, true
	}
	mark, ok := strings.CutPrefix(clientID, own+memberMark)
	if !ok {
		return 0, false
	}
	format, err := strconv.Atoi(mark)
	return format, err == nil
}

// Appear makes the process a member of ServicesGroup, until leave is called.
func Appear(cfg Config) (leave func(), err error) {
	client, err := kgo.NewClient(append(cfg.Opts(),
		kgo.ClientID(cfg.MemberID()),
		kgo.ConsumerGroup(ServicesGroup),
		kgo.ConsumeTopics(schemas.TopologyTopic), // a group needs a topic; its records are not read
		kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.DisableAutoCommit(),
		kgo.SessionTimeout(cfg.Session()),
		kgo.HeartbeatInterval(min(3*time.Second, cfg.Session()/5)),
	)...)
	if err != nil {
		return nil, fmt.Errorf("join group %s: %w", ServicesGroup, err)
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = client.LeaveGroupContext(ctx) // if Kafka is away, the session ends by itself
		client.Close()
	}, nil
}
