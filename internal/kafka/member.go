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

// processesGroup is a group that every process joins only to be seen in it. The
// members of the groups that do the work would tell less: a broker keeps the client id
// of a static member when another release takes its place, and services have no group.
const processesGroup = "processes"

const formatMark = "-format-"

// Process is a running process that uses Kafka.
type Process struct {
	Name   string // what it runs
	Host   string
	Format int // the latest that its release reads
}

// Appear shows the process to Processes under a name, until ctx is done.
func Appear(ctx context.Context, cfg Config, name string) error {
	client, err := kgo.NewClient(append(cfg.Opts(),
		kgo.ClientID(processID(name, schemas.LatestFormat)),
		kgo.ConsumerGroup(processesGroup),
		kgo.ConsumeTopics(schemas.TopologyTopic), // a group needs a topic; its records are not read
		kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.DisableAutoCommit(),
		kgo.SessionTimeout(cfg.Session()),
		kgo.HeartbeatInterval(min(3*time.Second, cfg.Session()/5)),
	)...)
	if err != nil {
		return fmt.Errorf("join group %s: %w", processesGroup, err)
	}
	defer client.Close()
	<-ctx.Done()
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = client.LeaveGroupContext(leaving) // if Kafka is away, the session ends by itself
	return nil
}

// Processes returns the processes that run. One that was killed is among them until
// its session has ended.
func Processes(ctx context.Context, cfg Config) ([]Process, error) {
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	groups, err := kadm.NewClient(client).DescribeGroups(ctx, processesGroup)
	if err != nil {
		return nil, fmt.Errorf("describe group %s: %w", processesGroup, err)
	}
	var processes []Process
	for _, m := range groups[processesGroup].Members {
		if name, format, ok := parseProcessID(m.ClientID); ok {
			processes = append(processes, Process{name, m.ClientHost, format})
		}
	}
	return processes, nil
}

func processID(name string, format int) string {
	return strings.ReplaceAll(name, " ", "-") + formatMark + strconv.Itoa(format)
}

func parseProcessID(id string) (name string, format int, ok bool) {
	i := strings.LastIndex(id, formatMark)
	if i < 0 {
		return "", 0, false
	}
	format, err := strconv.Atoi(id[i+len(formatMark):])
	return id[:i], format, err == nil
}
