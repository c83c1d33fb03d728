package openapi_test

import (
	"crypto/ed25519"
	"log/slog"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/auth"
	"tabiya/internal/httpx"
	"tabiya/internal/kafka"
	"tabiya/services/account"
	"tabiya/services/history"
	"tabiya/services/livegame"
	"tabiya/services/matchmaking"
	"tabiya/services/openapi"
	"tabiya/services/openapi/openapitest"
	"tabiya/tables"
)

// routes returns the routes of all services, none of which runs.
func routes(t *testing.T) (all []string) {
	t.Helper()
	key, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	unreachable := kafka.Config{Brokers: []string{"127.0.0.1:1"}}
	pool, err := pgxpool.New(t.Context(), "postgres://nobody@127.0.0.1:1/none")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	commands, err := kafka.NewProducer(unreachable)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(commands.Close)
	logger, registry, regions := slog.New(slog.DiscardHandler), prometheus.NewRegistry(), []string{"eu"}
	verifier := auth.NewVerifier(key.Public().(ed25519.PublicKey), time.Now)
	players := tables.NewView(unreachable, tables.Players(), logger)

	engine := httpx.New(logger, registry)
	httpx.Health(engine, nil)
	if err := openapi.Routes(engine); err != nil {
		t.Fatal(err)
	}
	serve := func(s interface{ Routes(r gin.IRouter) }, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		s.Routes(engine)
	}
	serve(account.New(account.Config{
		Pool: pool, Commands: commands, Players: players, Signer: auth.NewSigner(key), Verifier: verifier,
		Regions: regions, Logger: logger, Registerer: registry,
	}))
	serve(matchmaking.New(matchmaking.Config{
		Kafka: unreachable, Commands: commands, Players: players, Verifier: verifier,
		Regions: regions, Logger: logger, Registerer: registry,
	}))
	serve(livegame.New(livegame.Config{
		Kafka: unreachable, Commands: commands, Players: players, Verifier: verifier,
		Regions: regions, Logger: logger, Registerer: registry,
	}))
	serve(history.New(history.Config{Pool: pool, Verifier: verifier, Logger: logger, Registerer: registry}))

	for _, r := range engine.Routes() {
		all = append(all, r.Method+" "+regexp.MustCompile(`:[a-zA-Z]+`).ReplaceAllString(r.Path, "{}"))
	}
	slices.Sort(all)
	return all
}

func TestDocumentListsExactlyTheServedRoutes(t *testing.T) {
	t.Parallel()
	document, err := openapitest.Load()
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for path, item := range document.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+regexp.MustCompile(`\{[a-zA-Z]+\}`).ReplaceAllString(path, "{}"))
		}
	}
	slices.Sort(documented)
	served := routes(t)
	if !slices.Equal(served, documented) {
		t.Fatalf("served\n%q\ndocumented\n%q", served, documented)
	}
}
