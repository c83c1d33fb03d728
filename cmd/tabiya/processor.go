package main

import (
	"context"
	"fmt"
	"log/slog"

	"tabiya/internal/supervise"
	"tabiya/processors"
	"tabiya/processors/games"
	"tabiya/processors/matchmaking"
	"tabiya/processors/players"
)

type processorCmd struct {
	Name string `arg:"" enum:"players,matchmaking,games" help:"players, matchmaking or games."`
	kafkaFlags
	queueFlags
	listenFlags
}

func (c processorCmd) Run(ctx context.Context, logger *slog.Logger) (err error) {
	deps := dependencies{}
	if deps.kafka, err = c.kafkaFlags.config(); err != nil {
		return err
	}
	if deps.queue, err = c.queueFlags.config(); err != nil {
		return err
	}
	n := newNode(logger)
	if err := n.addProcessor(c.Name, deps); err != nil {
		return err
	}
	n.appear(deps.kafka, "processor "+c.Name)
	return c.serve(ctx, n)
}

func (n *node) addProcessor(name string, deps dependencies) error {
	cfg := processors.Config{Kafka: deps.kafka, Logger: n.logger, Registerer: n.registry}
	var (
		p   runner
		err error
	)
	switch name {
	case "players":
		p, err = players.New(cfg)
	case "matchmaking":
		p, err = matchmaking.New(cfg, deps.queue)
	case "games":
		p, err = games.New(games.Config{Config: cfg})
	}
	if err != nil {
		return fmt.Errorf("processor %s: %w", name, err)
	}
	n.workers = append(n.workers, supervise.Part{Name: "processor " + name, Run: p.Run, Ready: p.Ready})
	return nil
}
