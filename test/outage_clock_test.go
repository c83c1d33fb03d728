package test

import (
	"cmp"
	"net/http"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/client"
	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// darknessEnv says how long each part is away in
// TestNoClockRunsWhileProcessorOrKafkaIsAway.
const darknessEnv = "TABIYA_TEST_DARKNESS"

// A games processor is killed, stopped or suspended, or Kafka does not answer. The side
// to move has as much time as that takes, the game beside it waits for a first move, and
// in a third one the side to move is gone: none is lost or aborted, no claim is granted
// because of it, and the time stands in the audit of the next move.
func TestNoClockRunsWhileProcessorOrKafkaIsAway(t *testing.T) {
	darkness, err := time.ParseDuration(cmp.Or(os.Getenv(darknessEnv), "5s"))
	if err != nil {
		t.Fatal(err)
	}
	p := startDeployment(t, "processor players", games1, "service account", live1)
	players := p.register(t, 2)
	processor := p.processes[games1]
	for _, f := range []struct {
		name      string
		away, end func()
	}{
		{"kill -9", processor.kill, processor.start},
		{"SIGTERM", func() { processor.signal(syscall.SIGTERM); processor.wait(20 * time.Second) }, processor.start},
		{"SIGSTOP", func() { processor.signal(syscall.SIGSTOP) }, func() { processor.signal(syscall.SIGCONT) }},
		{"Kafka away", p.broker.Pause, p.broker.Resume},
	} {
		t.Run(f.name, func(t *testing.T) {
			waiting := p.clockedGame(t, players, darkness)
			left := p.clockedGame(t, players, 3*time.Minute)
			for _, uci := range []string{"e2e4", "e7e5", "g1f3"} {
				left.mustMove(t, uci)
			}
			left.blackIsGone(t)
			g := p.clockedGame(t, players, darkness)
			g.mustMove(t, "e2e4")
			g.mustMove(t, "e7e5")
			p.waitPulses(t)
			g.mustMove(t, "g1f3") // Black's clock runs
			f.away()
			<-time.After(darkness - time.Second)
			during := make(chan schemas.Code, 1)
			go func() { during <- left.claim(t) }()
			<-time.After(time.Second)
			f.end()
			ready(t, processor, p.urls[games1], 2*time.Minute)
			ready(t, p.processes[live1], p.urls[live1], 2*time.Minute)
			g.mustMove(t, "b8c6")
			waiting.mustMove(t, "e2e4")
			for _, code := range []schemas.Code{<-during, left.claim(t)} {
				if code != schemas.CodeTooEarlyToClaim {
					t.Errorf("a claim was answered %q", code)
				}
			}
			left.mustMove(t, "b8c6")

			move := p.lastMove(t, g.id)
			if least := int64(darkness/(10*time.Millisecond)) - 150; move.Ply != 4 || move.Clock.RestoredCs < least {
				t.Errorf("%+v, want at least %d cs restored", move, least)
			}
			if c := move.Clock; c.ChargedCs+c.CompensatedCs+c.RestoredCs != c.ElapsedCs {
				t.Errorf("charged, compensated and restored are not elapsed: %+v", c)
			}
			t.Logf("%+v", move.Clock)
			g.mustResign(t)
		})
	}
}

// claim claims the game for White and returns why it was refused, "" if it was not.
func (g *manualGame) claim(t *testing.T) schemas.Code {
	err := g.client.Do(t.Context(), client.Request{
		Method: http.MethodPost, Path: "/v1/games/" + g.id + "/claim", Token: g.players[0].Token, Key: schemas.NewID(),
		Body: map[string]string{"as": "win"},
	}, nil)
	if err != nil && client.CodeOf(err) == "" {
		t.Errorf("claim: %v", err)
	}
	return client.CodeOf(err)
}

// blackIsGone makes White claim against Black, who has no connection, and waits until
// Black counts as gone.
func (g *manualGame) blackIsGone(t *testing.T) {
	t.Helper()
	if code := g.claim(t); code != schemas.CodeOpponentPresent {
		t.Fatalf("the first claim was answered %q", code)
	}
	eventually.True(t, "Black to be gone", func() bool {
		var shown struct {
			Black struct{ GoneSince schemas.Time }
		}
		err := g.client.Do(t.Context(), client.Request{Method: http.MethodGet, Path: "/v1/games/" + g.id}, &shown)
		return err == nil && shown.Black.GoneSince != 0
	})
}

// clockedGame creates a game with so much time on each clock.
func (p *deployment) clockedGame(t *testing.T, players []client.Player, initial time.Duration) *manualGame {
	t.Helper()
	g := &manualGame{
		client:  client.New(client.Config{URL: p.urls[live1], Patience: 2 * time.Minute, Connections: 4}),
		players: [2]client.Player{players[0], players[1]},
	}
	made, err := g.client.CreateGame(t.Context(), p.serviceToken, schemas.NewID(), client.NewGame{
		White: players[0].ID, Black: players[1].ID, TimeControl: schemas.TimeControl{InitialCs: int64(initial / (10 * time.Millisecond))},
	})
	if err != nil {
		t.Fatal(err)
	}
	g.id = made.ID
	return g
}

// waitPulses waits until each partition of game-commands has had a pulse since the call.
func (p *deployment) waitPulses(t *testing.T) {
	t.Helper()
	const partitions = 4
	since := time.Now()
	for seen := map[string]bool{}; len(seen) < partitions; {
		if time.Since(since) > time.Minute {
			t.Fatalf("pulses on %d partitions only", len(seen))
		}
		err := kafka.ReadSince(t.Context(), p.kafka, schemas.CommandReplies, since, func(r *kgo.Record) error {
			if schemas.IsPulseKey(string(r.Key)) {
				seen[string(r.Key)] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (p *deployment) lastMove(t *testing.T, gameID string) (last *schemas.MoveMadePayload) {
	t.Helper()
	err := kafka.ReadAll(t.Context(), p.kafka, schemas.GameEvents, func(r *kgo.Record) error {
		if string(r.Key) != gameID {
			return nil
		}
		ev, err := schemas.DecodeEvent(r.Value)
		if move, ok := ev.Payload.(*schemas.MoveMadePayload); ok {
			last = move
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return last
}
