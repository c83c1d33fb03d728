package main

import (
	"context"
	"slices"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/internal/supervise"
	"tabiya/schemas"
)

// serviceTopics are the topics that services read and write.
var serviceTopics = map[string][]string{
	"account":     {schemas.PlayerCommands, schemas.PlayersTable},
	"matchmaking": {schemas.PlayerCommands, schemas.PlayersTable, schemas.PlayerEvents, schemas.QueueEvents, schemas.GameEvents},
	"livegame":    {schemas.GameCommands, schemas.GamesTable, schemas.GameEvents, schemas.PlayersTable},
}

// appear adds a part that shows the process to `tabiya upgrade`.
func (n *node) appear(cfg kafka.Config, name string) {
	n.workers = append(n.workers, supervise.Part{Name: "list of processes", Run: func(ctx context.Context) error {
		return kafka.Appear(ctx, cfg, name)
	}})
}

// monitorTopology adds a part that makes the process not ready, and its producer
// refuse commands, while a topic of its services is not the one in topology.
func (n *node) monitorTopology(deps dependencies, names []string) *topology.Monitor {
	if onlyHistory(names) {
		return nil
	}
	var topics []string
	for _, name := range names {
		topics = append(topics, serviceTopics[name]...)
	}
	slices.Sort(topics)
	monitor := topology.NewMonitor(deps.kafka, slices.Compact(topics)...)
	n.services = append(n.services, supervise.Part{Name: "topology", Run: monitor.Run, Ready: monitor.Ready})
	return monitor
}
