package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
)

type topicsCmd struct {
	Create topicsCreateCmd `cmd:"" help:"Create the missing topics and print what all topics are. Exit status 1 and a table of the differences if an existing topic is not what it must be."`
	Adopt  topicsAdoptCmd  `cmd:"" help:"Go on with topics that were created again or moved. Say whether their records are new or a copy."`
}

type topicsCreateCmd struct {
	kafkaFlags
	topicFlags
	Fix bool `help:"Set the settings of existing topics that differ. Never changes partitions or replicas."`
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
	options.Fix = c.Fix
	return createTopics(ctx, os.Stdout, cfg, options)
}

// createTopics creates the topics and writes what they are to out. It returns an
// error if differences remain.
func createTopics(ctx context.Context, out io.Writer, cfg kafka.Config, options kafka.TopicOptions) error {
	report, err := kafka.CreateTopics(ctx, cfg, options)
	if err != nil {
		return err
	}
	if err := topology.Ensure(ctx, cfg); err != nil {
		return err
	}
	if err := writeTopics(out, report.Topics); err != nil {
		return err
	}
	if err := writeFixed(out, report.Fixed); err != nil {
		return err
	}
	if err := writeDifferences(out, report.Differences); err != nil {
		return err
	}
	settable := 0
	for _, d := range report.Differences {
		if d.Obstacle == "" {
			settable++
		}
	}
	switch {
	case settable > 0 && !options.Fix:
		return fmt.Errorf("%d settings of topics are not what they must be; --fix sets %d of them", len(report.Differences), settable)
	case len(report.Differences) > 0:
		return fmt.Errorf("%d settings of topics are not what they must be", len(report.Differences))
	}
	return nil
}

func writeTopics(out io.Writer, topics []kafka.TopicState) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TOPIC\tPARTITIONS\tREPLICATION\tMIN-ISR\tCLEANUP\tRETENTION")
	for _, t := range topics {
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\t%s\t%s\n", t.Name, t.Partitions, t.Replicas, t.MinISR(), t.Cleanup(), t.Retention())
	}
	return table.Flush()
}

// writeFixed writes a table of the settings that were set, or nothing if there are
// none.
func writeFixed(out io.Writer, fixed []kafka.Difference) error {
	if len(fixed) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "\nSet:\n\nTOPIC\tSETTING\tWAS\tIS\n")
	for _, d := range fixed {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", d.Topic, d.Setting, d.Is, d.Value)
	}
	return table.Flush()
}

// writeDifferences writes a table of differences, or nothing if there are none.
func writeDifferences(out io.Writer, differences []kafka.Difference) error {
	if len(differences) == 0 {
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "\nDifferences:\n\nTOPIC\tSETTING\tIS\tWANTS\tFIXABLE\n")
	for _, d := range differences {
		fixable := "yes"
		if d.Obstacle != "" {
			fixable = "no: " + d.Obstacle
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", d.Topic, d.Setting, d.Is, d.Wants, fixable)
	}
	return table.Flush()
}
