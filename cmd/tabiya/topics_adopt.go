package main

import (
	"context"
	"errors"
	"fmt"

	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

// topicsAdoptCmd ends the state in which parts stop because a topic is another one.
type topicsAdoptCmd struct {
	kafkaFlags
	New  bool   `xor:"records" help:"The records in the topics are new: nobody has read them."`
	Copy bool   `xor:"records" help:"The topics hold copies of records that were read already, at the same offsets."`
	All  bool   `help:"All aggregates whose topics have changed."`
	Name string `arg:"" optional:"" help:"player, queue or game, or one of its topics."`
}

func (c topicsAdoptCmd) Run(ctx context.Context) error {
	records := topology.New
	switch {
	case c.New == c.Copy:
		return errors.New("say what the records in the topics are: --new or --copy")
	case c.All == (c.Name != ""):
		return errors.New("name an aggregate or a topic, or use --all")
	case c.Copy:
		records = topology.Copy
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	names := []string{c.Name}
	if c.All {
		if names, err = topology.Changed(ctx, cfg); err != nil {
			return err
		}
	}
	for _, name := range names {
		next, err := topology.Adopt(ctx, cfg, name, records)
		if err != nil {
			return fmt.Errorf("adopt %s: %w", name, err)
		}
		printAdopted(next)
	}
	if len(names) == 0 {
		fmt.Println("nothing to adopt: all topics are those of topology")
	}
	return nil
}

func printAdopted(t schemas.Topology) {
	fmt.Printf("%s: generation %d\n", t.Aggregate, t.Generation)
	for _, a := range schemas.Aggregates() {
		if a.Name != t.Aggregate {
			continue
		}
		for _, topic := range []string{a.Commands, a.Table, a.Events} {
			switch identity := t.Topic(topic); {
			case identity.Since < t.Generation:
				fmt.Printf("  %s: unchanged\n", topic)
			case len(identity.Copied) > 0:
				fmt.Printf("  %s: %s, a copy up to %v\n", topic, identity.ID, identity.Copied[len(identity.Copied)-1].Ends)
			default:
				fmt.Printf("  %s: %s, new\n", topic, identity.ID)
			}
		}
	}
}
