package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/auth"
	"tabiya/internal/core/player"
	"tabiya/internal/kafka"
	"tabiya/internal/postgres"
	"tabiya/internal/supervise"
	"tabiya/services/account"
	"tabiya/services/history"
	"tabiya/services/livegame"
	"tabiya/services/livegame/finished"
	"tabiya/services/matchmaking"
	"tabiya/services/openapi"
	"tabiya/tables"
)

type serviceCmd struct {
	Names []string `arg:"" name:"name" enum:"account,matchmaking,livegame,history" help:"account, matchmaking, livegame or history; several on one listener."`
	kafkaFlags
	postgresFlags
	regionFlags
	keyFlags
	connectionFlags
	listenFlags
}

func (c serviceCmd) Run(ctx context.Context, logger *slog.Logger) (err error) {
	w := wires{regions: c.Regions, connections: c.connectionFlags}
	if !historyAlone(c.Names) {
		if w.kafka, err = c.kafkaFlags.config(); err != nil {
			return err
		}
	}
	if slices.Contains(c.Names, "account") || slices.Contains(c.Names, "history") {
		if w.postgres, err = c.dsn(); err != nil {
			return err
		}
		if err := w.migrate(ctx, logger); err != nil {
			return err
		}
	}
	w.postgres = c.Postgres // livegame can do without
	if err := c.keyFlags.read(&w); err != nil {
		return err
	}
	n := newNode(logger)
	if err := n.addServices(ctx, w, c.Names...); err != nil {
		return err
	}
	return c.serve(ctx, n)
}

// service is what all four have in common.
type service interface {
	part
	Routes(gin.IRouter)
}

// addServices wires services; those of one process share a producer and the
// index of players.
func (n *node) addServices(ctx context.Context, w wires, names ...string) error {
	n.proxies = w.connections.TrustedProxies
	commands, err := n.producer(w, names)
	if err != nil {
		return err
	}
	players := n.playersView(w, names)
	verifier := auth.NewVerifier(w.public, time.Now)
	past, err := n.newHistory(ctx, w, verifier, names)
	if err != nil {
		return err
	}
	for _, name := range names {
		var s service
		switch name {
		case "account":
			s, err = n.newAccount(ctx, w, commands, players, verifier)
		case "matchmaking":
			s, err = matchmaking.New(matchmaking.Config{
				Kafka: w.kafka, Commands: commands, Players: players, Verifier: verifier,
				Regions: w.regions, Logger: n.logger, Registerer: n.registry,
			})
		case "livegame":
			s, err = livegame.New(livegame.Config{
				Kafka: w.kafka, Commands: commands, Players: players, Verifier: verifier,
				Regions: w.regions, Logger: n.logger, Registerer: n.registry,
				History: finishedGames(past), MaxConnections: w.connections.Connections, MaxPerPlayer: w.connections.ConnectionsPerPlayer, MaxPerAddress: w.connections.ConnectionsPerAddress,
			})
		case "history":
			s = past
		}
		if err != nil {
			return fmt.Errorf("service %s: %w", name, err)
		}
		n.services = append(n.services, supervise.Part{Name: "service " + name, Run: s.Run, Ready: s.Ready})
		n.routes = append(n.routes, func(r gin.IRouter) error { s.Routes(r); return nil })
	}
	n.routes = append(n.routes, openapi.Routes)
	return nil
}

func historyAlone(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return name != "history" })
}

func (n *node) producer(w wires, names []string) (*kafka.Producer, error) {
	if historyAlone(names) {
		return nil, nil
	}
	p, err := kafka.NewProducer(w.kafka)
	if err != nil {
		return nil, err
	}
	n.closers = append(n.closers, p.Close)
	return p, nil
}

func (n *node) playersView(w wires, names []string) *tables.View[*player.State] {
	if historyAlone(names) {
		return nil
	}
	view := tables.NewView(w.kafka, tables.Players(), n.logger)
	n.services = append(n.services, supervise.Part{Name: "index of players", Run: view.Run, Ready: func() error {
		if !view.Ready() {
			return errors.New("reading the players table")
		}
		return nil
	}})
	return view
}

func (n *node) newAccount(ctx context.Context, w wires, commands *kafka.Producer, players *tables.View[*player.State], verifier *auth.Verifier) (service, error) {
	if w.private == nil {
		return nil, errors.New("it signs tokens: --key needs the signing key, not the public one")
	}
	pool, err := postgres.Open(ctx, w.postgres)
	if err != nil {
		return nil, err
	}
	n.closers = append(n.closers, pool.Close)
	return account.New(account.Config{
		Pool: pool, Commands: commands, Players: players, Signer: auth.NewSigner(w.private), Verifier: verifier,
		Regions: w.regions, Logger: n.logger, Registerer: n.registry,
	})
}

// newHistory makes the history service, which livegame asks when a finished game
// was played; nil if no part of this process wants it or can have it. Livegame
// starts and plays without the database.
func (n *node) newHistory(ctx context.Context, w wires, verifier *auth.Verifier, names []string) (*history.Service, error) {
	open := postgres.New
	switch {
	case slices.Contains(names, "history"):
		open = postgres.Open
	case !slices.Contains(names, "livegame") || w.postgres == "":
		return nil, nil
	}
	pool, err := open(ctx, w.postgres)
	if err != nil {
		return nil, fmt.Errorf("service history: %w", err)
	}
	n.closers = append(n.closers, pool.Close)
	return history.New(history.Config{Pool: pool, Verifier: verifier, Logger: n.logger, Registerer: n.registry})
}

// finishedGames returns history as livegame takes it: a nil service is a nil interface.
func finishedGames(past *history.Service) finished.History {
	if past == nil {
		return nil
	}
	return past
}
