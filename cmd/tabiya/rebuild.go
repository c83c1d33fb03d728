package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"

	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables/rebuild"
)

type rebuildCmd struct {
	Tables rebuildTablesCmd `cmd:"" help:"Make lost tables again: games, players and queues from their events. Processors that use them stop until it is done."`
}

type rebuildTablesCmd struct {
	kafkaFlags
	Name []string `arg:"" optional:"" help:"player, queue or game, whether lost or not; default: those that are lost. Queues are made again with the players."`
}

func (c rebuildTablesCmd) Run(ctx context.Context, logger *slog.Logger) error {
	for _, name := range c.Name {
		if !slices.ContainsFunc(schemas.Aggregates(), func(a schemas.Aggregate) bool { return a.Name == name }) {
			return fmt.Errorf("%q is not an aggregate (player, queue, game)", name)
		}
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	return rebuildTables(ctx, os.Stdout, cfg, logger, c.Name)
}

// rebuildTables makes tables again and prints how many rows they have.
func rebuildTables(ctx context.Context, out io.Writer, cfg kafka.Config, logger *slog.Logger, names []string) error {
	rows, err := rebuild.Tables(ctx, cfg, logger, names...)
	if err != nil {
		return fmt.Errorf("rebuild tables: %w", err)
	}
	if len(rows) == 0 {
		_, err := fmt.Fprintln(out, "no table is lost")
		return err
	}
	for _, a := range schemas.Aggregates() {
		if n, ok := rows[a.Name]; ok {
			if _, err := fmt.Fprintf(out, "%s: %d rows\n", a.Table, n); err != nil {
				return err
			}
		}
	}
	return nil
}
