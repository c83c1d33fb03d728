package matchmaking_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/queue"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/processors"
	"tabiya/processors/games"
	"tabiya/processors/matchmaking"
	"tabiya/processors/players"
	"tabiya/schemas"
)

// patience bounds every wait; a test that waits that long has failed.
const patience = 60 * time.Second

const queueKey = "eu/3+0/0"

// rig is a cluster whose events and replies are read as they come.
type rig struct {
	*kafkatest.Cluster
	t        *testing.T
	producer *kafka.Producer
	said     chan any // schemas.Event or schemas.Reply
	heard    []any
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{Cluster: kafkatest.Start(t, 2), t: t, said: make(chan any, 10_000)}
	var err error
	if r.producer, err = kafka.NewProducer(r.Config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.producer.Close)
	client, err := kgo.NewClient(append(r.Config.Opts(), kgo.ConsumeTopics(
		schemas.PlayerEvents, schemas.QueueEvents, schemas.GameEvents, schemas.CommandReplies))...)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.read(client)
	}()
	t.Cleanup(func() {
		client.Close()
		<-done
	})
	return r
}

func (r *rig) read(client *kgo.Client) {
	for {
		fetches := client.PollFetches(context.Background())
		if fetches.IsClientClosed() {
			return
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			var said any
			var err error
			if rec.Topic == schemas.CommandReplies {
				said, err = schemas.DecodeReply(rec.Value)
			} else {
				said, err = schemas.DecodeEvent(rec.Value)
			}
			if err != nil {
				r.t.Errorf("%s: %v", rec.Topic, err)
				return
			}
			r.said <- said
		})
	}
}

// await gives the first thing said, not awaited before, that fits.
func await[M any](r *rig, what string, fits func(M) bool) M {
	r.t.Helper()
	for i, said := range r.heard {
		if m, ok := said.(M); ok && fits(m) {
			r.heard = append(r.heard[:i], r.heard[i+1:]...)
			return m
		}
	}
	for end := time.After(patience); ; {
		select {
		case said := <-r.said:
			if m, ok := said.(M); ok && fits(m) {
				return m
			}
			r.heard = append(r.heard, said)
		case <-end:
			r.t.Fatalf("%s did not come; heard %+v", what, r.heard)
		}
	}
}

func (r *rig) event(t schemas.EventType, key string) schemas.Event {
	r.t.Helper()
	return await(r, string(t), func(e schemas.Event) bool { return e.Type == t && (key == "" || e.Key == key) })
}

func (r *rig) reply(commandID string) schemas.Reply {
	r.t.Helper()
	return await(r, "the reply to "+commandID, func(m schemas.Reply) bool { return m.CommandID == commandID })
}

func (r *rig) send(cmd schemas.Command) {
	r.t.Helper()
	cmd.Region = "eu"
	if err := r.producer.Send(r.t.Context(), cmd); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) register(n int) (id string) {
	r.t.Helper()
	id = schemas.NewID()
	r.send(schemas.Command{
		ID: schemas.NewID(), Type: schemas.RegisterPlayer, Key: id, Actor: schemas.ActorService,
		Payload: &schemas.RegisterPlayerPayload{Handle: fmt.Sprint("player-", n)},
	})
	r.event(schemas.PlayerRegistered, id)
	return id
}

func (r *rig) join(player string) (commandID string) {
	r.t.Helper()
	commandID = schemas.NewID()
	r.send(schemas.Command{ID: commandID, Type: schemas.JoinQueue, Key: player, Actor: player, Payload: &schemas.JoinQueuePayload{Queue: queueKey}})
	return commandID
}

// queued waits for the PlayerQueued that answers a JoinQueue.
func (r *rig) queued(commandID string) *schemas.PlayerQueuedPayload {
	r.t.Helper()
	e := await(r, "PlayerQueued", func(e schemas.Event) bool { return e.Type == schemas.PlayerQueued && e.CommandID == commandID })
	return e.Payload.(*schemas.PlayerQueuedPayload)
}

// playAndResign plays two plies, then White resigns; both are rated.
func (r *rig) playAndResign(gameID string, white, black schemas.Seated) (whiteRating, blackRating float64) {
	r.t.Helper()
	for i, uci := range []string{"e2e4", "e7e5"} {
		mover := []string{white.PlayerID, black.PlayerID}[i]
		r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.PlayMove, Key: gameID, Actor: mover, Payload: &schemas.PlayMovePayload{UCI: uci}})
		r.event(schemas.MoveMade, gameID)
	}
	r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.Resign, Key: gameID, Actor: white.PlayerID})
	r.event(schemas.GameResigned, gameID)
	rated := func(player string) float64 {
		p := r.event(schemas.PlayerRated, player).Payload.(*schemas.PlayerRatedPayload)
		if p.GameID != gameID {
			r.t.Fatalf("%+v is not of game %s", p, gameID)
		}
		return p.Rating
	}
	return rated(white.PlayerID), rated(black.PlayerID)
}

// running is a processor that can be stopped.
type running struct {
	t      *testing.T
	cancel context.CancelFunc
	done   chan struct{}
}

func (p running) stop() {
	p.cancel()
	<-p.done
}

type processor interface {
	Run(context.Context) error
	Ready() error
}

func (r *rig) start(name string, queues queue.Config) running {
	r.t.Helper()
	cfg := processors.Config{Kafka: r.Config, Logger: slog.New(slog.DiscardHandler)}
	var (
		p   processor
		err error
	)
	switch name {
	case "players":
		p, err = players.New(cfg)
	case "matchmaking":
		p, err = matchmaking.New(cfg, queues)
	case "games":
		p, err = games.New(games.Config{Config: cfg})
	}
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	run := running{r.t, cancel, make(chan struct{})}
	go func() {
		defer close(run.done)
		if err := p.Run(ctx); err != nil {
			r.t.Errorf("processor %s: %v", name, err)
		}
	}()
	r.t.Cleanup(run.stop)
	return run
}
