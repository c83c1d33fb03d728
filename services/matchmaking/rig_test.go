package matchmaking

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/auth"
	"tabiya/internal/core/queue"
	"tabiya/internal/eventually"
	"tabiya/internal/httpx"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/internal/supervise"
	"tabiya/processors"
	"tabiya/processors/games"
	pairing "tabiya/processors/matchmaking"
	"tabiya/processors/players"
	"tabiya/schemas"
	"tabiya/tables"
)

// limit bounds every wait of a test.
const limit = 60 * time.Second

// rig is a broker with the three processors and one instance of the service.
type rig struct {
	*kafkatest.Cluster
	*instance
	t        *testing.T
	producer *kafka.Producer
	signer   *auth.Signer
	verifier *auth.Verifier
	games    func() (stop func()) // starts the games processor

	stopPlayers func() // stops the players processor
}

// newRig starts everything but the games processor.
func newRig(t *testing.T, tune ...func(*Config)) *rig {
	t.Helper()
	return newRigWith(t, time.Minute, tune...)
}

// newRigWith is newRig with the time after which a match without a game fails.
func newRigWith(t *testing.T, deadline time.Duration, tune ...func(*Config)) *rig {
	t.Helper()
	return newRigOf(t, queue.Config{WaveInterval: 20 * time.Millisecond, MatchDeadline: deadline, MaxTickets: 8}, tune...)
}

// newRigOf is newRig with those queues.
func newRigOf(t *testing.T, queues queue.Config, tune ...func(*Config)) *rig {
	t.Helper()
	key, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Cluster: kafkatest.Start(t, 3), t: t, signer: auth.NewSigner(key)}
	fast := r.Config
	fast.SendTimeout = 5 * time.Second
	if r.producer, err = kafka.NewProducer(fast); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.producer.Close)
	common := func() processors.Config {
		return processors.Config{Kafka: r.Config, Logger: r.logger(), Registerer: prometheus.NewRegistry()}
	}
	p, err := players.New(common())
	if err != nil {
		t.Fatal(err)
	}
	m, err := pairing.New(common(), queues)
	if err != nil {
		t.Fatal(err)
	}
	r.games = func() func() {
		g, err := games.New(games.Config{Config: common()})
		if err != nil {
			t.Fatal(err)
		}
		return r.background(g.Run, g.Ready)
	}
	r.stopPlayers = r.background(p.Run, p.Ready)
	r.background(m.Run, m.Ready)

	r.verifier = auth.NewVerifier(key.Public().(ed25519.PublicKey), time.Now)
	r.instance = r.start(tune...)
	return r
}

// instance is an instance of the service with its HTTP server.
type instance struct {
	*Service
	server *httptest.Server
	stop   func() // ends it as a kill does, but for the connections, which are closed
}

// start starts one more instance of the service.
func (r *rig) start(tune ...func(*Config)) *instance {
	r.t.Helper()
	view := tables.NewView(r.Config, tables.Players(), r.logger())
	cfg := Config{
		Kafka: r.Config, Commands: r.producer, Players: view, Verifier: r.verifier,
		Regions: []string{"eu", "us-east"}, Logger: r.logger(), Registerer: prometheus.NewRegistry(),
	}
	for _, f := range tune {
		f(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	engine := httpx.New(r.logger(), prometheus.NewRegistry())
	s.Routes(engine)
	i := &instance{Service: s, server: httptest.NewServer(engine)}
	r.t.Cleanup(i.server.Close)
	r.background(view.Run, func() error { return nil })
	i.stop = r.background(func(ctx context.Context) error {
		supervise.New(r.logger(), supervise.Backoff{Min: 20 * time.Millisecond, Max: 200 * time.Millisecond},
			supervise.Part{Name: "service", Run: s.Run}).Run(ctx)
		return nil
	}, s.Ready)
	return i
}

// on returns the rig with another instance, to which its requests go.
func (r *rig) on(i *instance) *rig {
	other := *r
	other.instance = i
	return &other
}

func (r *rig) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(testWriter{r.t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// testWriter logs to the test until it ends.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	if w.t.Context().Err() == nil {
		w.t.Logf("%s", bytes.TrimSpace(p))
	}
	return len(p), nil
}

// background runs a component until stop is called or the test ends. It returns
// once the component is ready.
func (r *rig) background(run func(context.Context) error, ready func() error) (stop func()) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := run(ctx); err != nil && ctx.Err() == nil {
			r.t.Errorf("ended by itself: %v", err)
		}
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	r.t.Cleanup(stop)
	eventually.True(r.t, "ready", func() bool { return ready() == nil })
	return stop
}

// account is a player's id and token.
type account struct{ id, token string }

// unregistered makes a player that no processor knows.
func (r *rig) unregistered() account {
	r.t.Helper()
	p := account{id: schemas.NewID()}
	var err error
	if p.token, _, err = r.signer.Player(p.id, time.Now(), time.Hour); err != nil {
		r.t.Fatal(err)
	}
	return p
}

func (r *rig) send(commands ...schemas.Command) {
	r.t.Helper()
	for _, c := range commands {
		if err := r.producer.Send(r.t.Context(), c); err != nil {
			r.t.Fatal(err)
		}
	}
}

// register sends the command that the account service sends for a new player. It
// does not wait until the player exists.
func (r *rig) register(handle string) account {
	r.t.Helper()
	p := r.unregistered()
	r.send(schemas.Command{
		ID: schemas.NewID(), Type: schemas.RegisterPlayer, Key: p.id, Region: "eu", Actor: schemas.ActorSystem,
		Payload: &schemas.RegisterPlayerPayload{Handle: handle},
	})
	return p
}
