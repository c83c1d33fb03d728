package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

type upgradeCmd struct {
	Status upgradeStatusCmd `cmd:"" help:"Show in which format rows and events are written, and the processes that read them. Exit status 1 if the upgrade to this release is not finished."`
	Finish upgradeFinishCmd `cmd:"" help:"Let all processes write the latest format of this release. After that, no older release can run. Refused while one runs."`
}

type upgradeStatusCmd struct{ kafkaFlags }

func (c upgradeStatusCmd) Run(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	u, err := topology.ReadUpgrade(ctx, cfg)
	if err != nil {
		return err
	}
	if err := writeUpgrade(os.Stdout, u); err != nil {
		return err
	}
	if len(u.Unfinished()) > 0 {
		return fmt.Errorf("the upgrade is not finished: %d processes are of an older release", len(u.Older()))
	}
	return nil
}

func writeUpgrade(out io.Writer, u topology.Upgrade) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "this release reads formats %d to %d\n\nAGGREGATE\tFORMAT\n", schemas.OldestFormat, schemas.LatestFormat)
	for _, t := range u.Aggregates {
		fmt.Fprintf(w, "%s\t%d\n", t.Aggregate, t.Format)
	}
	fmt.Fprint(w, "\nPROCESS\tHOST\tREADS UP TO\n")
	for _, p := range u.Processes {
		fmt.Fprintf(w, "%s\t%s\t%d\n", p.Name, p.Host, p.Format)
	}
	return w.Flush()
}

type upgradeFinishCmd struct{ kafkaFlags }

func (c upgradeFinishCmd) Run(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	raised, err := topology.FinishUpgrade(ctx, cfg)
	if err != nil {
		return fmt.Errorf("finish the upgrade: %w", err)
	}
	for _, t := range raised {
		fmt.Printf("%s: format %d\n", t.Aggregate, t.Format)
	}
	if len(raised) == 0 {
		fmt.Printf("nothing to do: format %d is written already\n", schemas.LatestFormat)
	}
	return nil
}
