package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tabiya/internal/auth"
	"tabiya/internal/core/player"
	"tabiya/internal/httpx"
	"tabiya/internal/kafka"
	"tabiya/internal/postgres"
	"tabiya/internal/sessions"
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
	Names []string `arg:"" name:"name" enum:"account,matchmaking,livegame,history" help:"account, matchmaking, livegame or history; several share one listener."`
	kafkaFlags
	postgresFlags
	regionFlags
	keyFlags
	connectionFlags
	listenFlags
}

func (c serviceCmd) Run(ctx context.Context, logger *slog.Logger) (err error) {
	deps := dependencies{regions: c.Regions, connections: c.connectionFlags}
	if deps.kafka, err = c.kafkaFlags.config(); err != nil {
		return err
	}
	if slices.Contains(c.Names, "account") || slices.Contains(c.Names, "history") {
		if deps.postgres, err = c.dsn(); err != nil {
			return err
		}
		if err := deps.migrate(ctx, logger); err != nil {
			return err
		}
	}
	deps.postgres = c.Postgres // optional for livegame
	if err := c.keyFlags.read(&deps); err != nil {
		return err
	}
	n := newNode(logger)
	if err := n.addServices(ctx, deps, c.Names...); err != nil {
		return err
	}
	if !onlyHistory(c.Names) {
		n.appear(deps.kafka, "service "+strings.Join(c.Names, " "))
	}
	return c.serve(ctx, n)
}

// service is what all four services have in common.
type service interface {
	runner
	Routes(r gin.IRouter)
}

// addServices builds services, which share one producer and one view of the
// players table.
func (n *node) addServices(ctx context.Context, deps dependencies, names ...string) error {
	n.proxies = deps.connections.TrustedProxies
	var err error
	if n.origins, err = httpx.ParseOrigins(deps.connections.CorsOrigins); err != nil {
		return fmt.Errorf("--cors-origins: %w", err)
	}
	counts := n.monitorTopology(deps, names)
	commands, err := n.newProducer(deps, names, counts)
	if err != nil {
		return err
	}
	players := n.newPlayersView(deps, names)
	verifier := n.newVerifier(deps)
	historyService, err := n.newHistory(ctx, deps, verifier, names)
	if err != nil {
		return err
	}
	for _, name := range names {
		var s service
		switch name {
		case "account":
			s, err = n.newAccount(ctx, deps, commands, players, verifier)
		case "matchmaking":
			s, err = matchmaking.New(matchmaking.Config{
				Kafka: deps.kafka, Commands: commands, Players: players, Verifier: verifier,
				Regions: deps.regions, Logger: n.logger, Registerer: n.registry,
			})
		case "livegame":
			s, err = livegame.New(livegame.Config{
				Kafka: deps.kafka, Counts: counts, Commands: commands, Players: players, Verifier: verifier,
				Regions: deps.regions, Logger: n.logger, Registerer: n.registry,
				Origins: n.origins, History: finishedGames(historyService),
				MaxConnections: deps.connections.Connections, MaxPerPlayer: deps.connections.ConnectionsPerPlayer, MaxPerAddress: deps.connections.ConnectionsPerAddress,
				MessagesPerSecond: deps.connections.PlayerPace,
			})
		case "history":
			s = historyService
		}
		if err != nil {
			return fmt.Errorf("service %s: %w", name, err)
		}
		n.services = append(n.services, supervise.Part{Name: "service " + name, Run: s.Run, Ready: s.Ready})
		n.routes = append(n.routes, func(e *gin.Engine) error { s.Routes(e); return nil })
	}
	n.routes = append(n.routes, func(e *gin.Engine) error { return openapi.Routes(e) })
	if slices.Contains(names, "account") { // the gateway sends it all paths that are no other service's
		n.routes = append(n.routes, webRoutes)
	}
	return nil
}

// newVerifier makes what all services of the process verify tokens with, and the parts
// that tell it of ended sessions and changed keys.
func (n *node) newVerifier(deps dependencies) *auth.Verifier {
	verifier := auth.NewVerifierOf(deps.keys, time.Now)
	follower := sessions.New(deps.kafka, &verifier.Sessions, n.logger, n.registry)
	n.services = append(n.services, supervise.Part{Name: "ended sessions", Run: follower.Run, Ready: follower.Ready})
	n.watchKeys(deps.keysFolder, deps.keys, verifier)
	return verifier
}

func onlyHistory(names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return name != "history" })
}

func (n *node) newProducer(deps dependencies, names []string, counts kafka.Counts) (*kafka.Producer, error) {
	if onlyHistory(names) {
		return nil, nil
	}
	p, err := kafka.NewProducerFor(deps.kafka, counts)
	if err != nil {
		return nil, err
	}
	n.closers = append(n.closers, p.Close)
	return p, nil
}

func (n *node) newPlayersView(deps dependencies, names []string) *tables.View[*player.State] {
	if onlyHistory(names) {
		return nil
	}
	view := tables.NewView(deps.kafka, tables.Players(), n.logger)
	if slices.Contains(names, "livegame") || slices.Contains(names, "account") {
		view.SecondKey = func(row *player.State) string { return strings.ToLower(row.Handle) }
	}
	n.services = append(n.services, supervise.Part{Name: "index of players", Run: view.Run, Ready: func() error {
		if !view.Ready() {
			return errors.New("reading the players table")
		}
		return nil
	}})
	return view
}

func (n *node) newAccount(ctx context.Context, deps dependencies, commands *kafka.Producer, players *tables.View[*player.State], verifier *auth.Verifier) (service, error) {
	if deps.private == nil {
		return nil, errors.New("signing tokens needs the signing key in --key, not the public key")
	}
	pool, err := postgres.Open(ctx, deps.postgres)
	if err != nil {
		return nil, err
	}
	n.closers = append(n.closers, pool.Close)
	return account.New(account.Config{
		Pool: pool, Commands: commands, Players: players, Signer: auth.NewSigner(deps.private), Verifier: verifier,
		MaxHashes: deps.connections.HashSlots, PasswordRate: deps.connections.PasswordsPerAddress,
		Regions: deps.regions, Logger: n.logger, Registerer: n.registry,
	})
}

// newHistory makes the history service, in which livegame also looks up finished
// games. It returns nil if no service of this process needs it, or if only livegame
// does and no database is configured: livegame works without one.
func (n *node) newHistory(ctx context.Context, deps dependencies, verifier *auth.Verifier, names []string) (*history.Service, error) {
	open := postgres.New
	switch {
	case slices.Contains(names, "history"):
		open = postgres.Open
	case !slices.Contains(names, "livegame") || deps.postgres == "":
		return nil, nil
	}
	pool, err := open(ctx, deps.postgres)
	if err != nil {
		return nil, fmt.Errorf("service history: %w", err)
	}
	n.closers = append(n.closers, pool.Close)
	return history.New(history.Config{Pool: pool, Verifier: verifier, Logger: n.logger, Registerer: n.registry})
}

// finishedGames converts a nil service to a nil interface.
func finishedGames(historyService *history.Service) finished.History {
	if historyService == nil {
		return nil
	}
	return historyService
}
