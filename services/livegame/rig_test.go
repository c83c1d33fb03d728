package livegame_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/auth"
	"tabiya/internal/core/player"
	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/processors"
	"tabiya/processors/games"
	"tabiya/schemas"
	"tabiya/services/livegame"
)

// limit is the longest wait. A test that waits that long has failed.
const limit = 2 * time.Minute

// rig has a broker, the games processor and any number of instances of the service.
type rig struct {
	*kafkatest.Cluster
	t        *testing.T
	players  *playersView
	producer *kafka.Producer
	signer   *auth.Signer
	verifier *auth.Verifier
	ahead    atomic.Int64 // nanoseconds by which the verifier's clock is ahead
	caller   string       // a service token
	white    person
	black    person
	*instance
}

// person is a player with their token.
type person struct{ id, token string }

// playersView implements livegame.Players.
type playersView struct {
	mu      sync.Mutex
	rows    map[string]*player.State
	waiting func() // called once, when a request waits
}

func (v *playersView) add(id, handle string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rows[id] = &player.State{ID: id, Handle: handle, Region: "eu"}
}

func (v *playersView) close(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	row := *v.rows[id]
	row.Closed = true
	v.rows[id] = &row
}

func (v *playersView) onWait(f func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.waiting = f
}

func (v *playersView) Get(id string) (*player.State, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	row, ok := v.rows[id]
	return row, ok
}

func (v *playersView) Find(handle string) (*player.State, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, row := range v.rows {
		if strings.ToLower(row.Handle) == handle {
			return row, true
		}
	}
	return nil, false
}

func (v *playersView) WaitFor(ctx context.Context, id string) (*player.State, bool) {
	for {
		v.mu.Lock()
		row, ok := v.rows[id]
		if !ok && v.waiting != nil {
			v.waiting()
			v.waiting = nil
		}
		v.mu.Unlock()
		if ok {
			return row, true
		}
		select {
		case <-ctx.Done():
			return nil, false
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// newRig starts a broker, a processor and one instance.
func newRig(t *testing.T, tune ...func(*livegame.Config)) *rig {
	t.Helper()
	r, _ := newRigToStop(t, tune...)
	return r
}

// newRigToStop is like newRig. stop stops the processor.
func newRigToStop(t *testing.T, tune ...func(*livegame.Config)) (r *rig, stop func()) {
	t.Helper()
	r = bareRig(t)
	stop = r.startProcessor()
	r.instance = r.start(tune...)
	r.waitReady()
	return r, stop
}

// bareRig starts only the broker.
func bareRig(t *testing.T) *rig {
	t.Helper()
	key, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Cluster: kafkatest.Start(t, 3), t: t, players: &playersView{rows: map[string]*player.State{}}, signer: auth.NewSigner(key)}
	r.verifier = newVerifier(key, func() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) })
	if r.producer, err = kafka.NewProducer(r.Config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.producer.Close)
	if r.caller, _, err = r.signer.Service("tests", time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	r.white, r.black = r.person("White"), r.person("Black")
	return r
}

// person registers a player.
func (r *rig) person(handle string) person {
	r.t.Helper()
	p := person{id: schemas.NewID()}
	r.players.add(p.id, handle)
	var err error
	if p.token, _, err = r.signer.Player(p.id, time.Now(), time.Hour); err != nil {
		r.t.Fatal(err)
	}
	return p
}

// startProcessor runs the games processor until stop is called or the test ends.
func (r *rig) startProcessor() (stop func()) {
	r.t.Helper()
	p, err := games.New(games.Config{Config: processors.Config{Kafka: r.Config, Logger: logger(r.t), Registerer: prometheus.NewRegistry()}})
	if err != nil {
		r.t.Fatal(err)
	}
	stop = r.background(p.Run)
	eventually.True(r.t, "the processor is ready", func() bool { return p.Ready() == nil })
	return stop
}

// background runs f until stop is called or the test ends.
func (r *rig) background(f func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := f(ctx); err != nil && ctx.Err() == nil {
			r.t.Errorf("ended by itself: %v", err)
		}
	}()
	stop = func() {
		cancel()
		<-done
	}
	r.t.Cleanup(stop)
	return stop
}

const slowClock = `{"initialCs":60000,"incrementCs":500}`

// newGame creates a game of the rig's two players.
func (r *rig) newGame() (gameID string) {
	r.t.Helper()
	return r.create(slowClock)
}

// create creates a game of the rig's two players. It repeats the request, because some
// tests set a short AnswerTimeout.
func (r *rig) create(timeControl string) (gameID string) {
	r.t.Helper()
	key := schemas.NewID()
	eventually.True(r.t, "the game is created", func() bool {
		a := r.do("POST", "/v1/games", r.caller, r.gameBody(timeControl), "Idempotency-Key", key)
		gameID = a.read(r.t).ID
		return a.status == http.StatusCreated
	})
	return gameID
}

func (r *rig) gameBody(timeControl string) string {
	return `{"white":"` + r.white.id + `","black":"` + r.black.id + `","timeControl":` + timeControl + `,"rated":true,"region":"eu"}`
}

// mover returns the player to move after this number of plies.
func (r *rig) mover(plies int) person {
	if plies%2 == 0 {
		return r.white
	}
	return r.black
}

func moveBody(uci string) string { return `{"uci":"` + uci + `"}` }

// play plays moves over HTTP. plies is the number of plies played before. It repeats a
// request without an outcome, because some tests set a short AnswerTimeout.
func (r *rig) play(gameID string, plies int, moves ...string) (last reply) {
	r.t.Helper()
	for n, uci := range moves {
		key := schemas.NewID()
		eventually.True(r.t, "the move is answered", func() bool {
			a := r.do("POST", "/v1/games/"+gameID+"/moves", r.mover(plies+n).token, moveBody(uci), "Idempotency-Key", key)
			if last = a.read(r.t); a.status == http.StatusServiceUnavailable && last.Code == schemas.CodeOutcomeUnknown {
				return false
			}
			if a.status/100 != 2 {
				r.t.Fatalf("POST /v1/games/%s/moves: %d %s", gameID, a.status, a.body)
			}
			return true
		})
	}
	return last
}

// log returns a game's events as they are in the log.
func (r *rig) log(gameID string) (values []string) {
	r.t.Helper()
	err := kafka.ReadAll(r.t.Context(), r.Config, schemas.GameEvents, func(rec *kgo.Record) error {
		if string(rec.Key) == gameID {
			values = append(values, string(rec.Value))
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return values
}

// rows returns the rows that the records of a game's events carry.
func (r *rig) rows(gameID string) (rows [][]byte) {
	r.t.Helper()
	err := kafka.ReadAll(r.t.Context(), r.Config, schemas.GameEvents, func(rec *kgo.Record) error {
		if row := kafka.Header(rec, schemas.HeaderRow); string(rec.Key) == gameID && row != nil {
			rows = append(rows, bytes.Clone(row))
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return rows
}

func logger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	if w.t.Context().Err() == nil { // a test that has ended must not log
		w.t.Log(strings.TrimSpace(string(p)))
	}
	return len(p), nil
}

func newVerifier(key ed25519.PrivateKey, now func() time.Time) *auth.Verifier {
	return auth.NewVerifier(key.Public().(ed25519.PublicKey), now)
}
