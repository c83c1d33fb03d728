package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"

	"tabiya/internal/kafka"
	"tabiya/tables"
)

type repairCmd struct {
	List repairListCmd `cmd:"" help:"List the rows that are set aside: corrupt ones, whose keys are quarantined, misplaced ones, and those of a later release. Exit status 1 if there are any."`
	Row  repairRowCmd  `cmd:"" default:"withargs" help:"Make the row of a quarantined game, player or queue again from its events. The default: 'tabiya repair KEY'."`
}

type repairListCmd struct {
	kafkaFlags
	Json bool `help:"Print a JSON array."`
}

func (c repairListCmd) Run(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	return listSetAside(ctx, os.Stdout, cfg, c.Json)
}

// listSetAside prints the rows of all tables that are set aside, and returns an error
// if there are any.
func listSetAside(ctx context.Context, out io.Writer, cfg kafka.Config, asJSON bool) error {
	rows, err := rowsSetAside(ctx, cfg)
	if err != nil {
		return err
	}
	if err := printSetAside(out, rows, asJSON); err != nil {
		return err
	}
	if n := len(rows); n > 0 {
		return fmt.Errorf("%d rows are set aside", n)
	}
	return nil
}

// rowsSetAside returns the rows of all tables that are not used.
func rowsSetAside(ctx context.Context, cfg kafka.Config) ([]tables.SetAside, error) {
	games, err := tables.Scan(ctx, cfg, tables.Games())
	if err != nil {
		return nil, err
	}
	players, err := tables.Scan(ctx, cfg, tables.Players())
	if err != nil {
		return nil, err
	}
	queues, err := tables.Scan(ctx, cfg, tables.Queues())
	return slices.Concat(games, players, queues), err
}

func printSetAside(w io.Writer, rows []tables.SetAside, asJSON bool) error {
	if asJSON {
		if rows == nil {
			rows = []tables.SetAside{} // an empty array, not null
		}
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(rows)
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, "every row can be read")
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY\tSTATE\tTOPIC\tPARTITION\tOFFSET\tBYTES\tREASON")
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%s\n", printable(r.Key), r.State, r.Topic, r.Partition, r.Offset, r.Bytes, printable(r.Reason))
	}
	return table.Flush()
}

// printable returns s, quoted if it has characters that a terminal would not print.
func printable(s string) string {
	if quoted := fmt.Sprintf("%q", s); quoted[1:len(quoted)-1] != s {
		return quoted
	}
	return s
}
