package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

type topicsCmd struct {
	Create topicsCreateCmd `cmd:"" help:"Create the missing topics. Fails if an existing topic has a wrong configuration."`
	Adopt  topicsAdoptCmd  `cmd:"" help:"Go on with topics that were created again or moved. Say whether their records are new or a copy."`
}

type topicsCreateCmd struct {
	kafkaFlags
	topicFlags
}

// topicFlags are the operator's choices for the topics.
type topicFlags struct {
	Partitions  int32 `default:"32" help:"Partitions of each command, event and table topic. Cannot be changed later."`
	Replication int16 `default:"3" help:"Replicas of each partition."`
	MinIsr      int16 `placeholder:"N" help:"min.insync.replicas: replicas that must have a record before it is acknowledged; default: a majority."`
}

func (f topicFlags) options() kafka.TopicOptions {
	o := kafka.TopicOptions{Partitions: f.Partitions, Replication: f.Replication, MinISR: f.MinIsr}
	if o.MinISR == 0 {
		o.MinISR = o.Replication/2 + 1
	}
	return o
}

func (c topicsCreateCmd) Run(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	options := c.options()
	if err := kafka.EnsureTopics(ctx, cfg, options); err != nil {
		return err
	}
	if err := topology.Ensure(ctx, cfg); err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TOPIC\tPARTITIONS\tREPLICATION\tMIN-ISR\tCLEANUP\tRETENTION")
	for _, t := range schemas.Topics() {
		partitions, retention := int32(1), "forever"
		if t.Partitioned {
			partitions = options.Partitions
		}
		if t.Retention > 0 {
			retention = t.Retention.String()
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%s\t%s\n", t.Name, partitions, options.Replication, options.MinISR, t.Cleanup, retention)
	}
	return table.Flush()
}
