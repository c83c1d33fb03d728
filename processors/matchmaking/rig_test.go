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

// timeout bounds every wait. A test that waits that long has failed.
const timeout = 60 * time.Second

const queueKey = "eu/3+0/0"

// rig is a Kafka cluster with a producer of commands and a reader of all events and
// replies.
type rig struct {
	*kafkatest.Cluster
	t        *testing.T
	producer *kafka.Producer
	read     chan any // each a schemas.Event or schemas.Reply
	unused   []any    // read, but not returned by await yet
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{Cluster: kafkatest.Start(t, 2), t: t, read: make(chan any, 10_000)}
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
		r.readAll(client)
	}()
	t.Cleanup(func() {
		client.Close()
		<-done
	})
	return r
}

func (r *rig) readAll(client *kgo.Client) {
	for {
		fetches := client.PollFetches(context.Background())
		if fetches.IsClientClosed() {
			return
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			var message any
			var err error
			if rec.Topic == schemas.CommandReplies {
				message, err = schemas.DecodeReply(rec.Value)
			} else {
				message, err = schemas.DecodeEvent(rec.Value)
			}
			if err != nil {
				r.t.Errorf("record of %s: %v", rec.Topic, err)
				return
			}
			r.read <- message
		})
	}
}

// await returns the first event or reply that matches and was not returned before.
func await[M any](r *rig, what string, matches func(M) bool) M {
	r.t.Helper()
	for i, message := range r.unused {
		if m, ok := message.(M); ok && matches(m) {
			r.unused = append(r.unused[:i], r.unused[i+1:]...)
			return m
		}
	}
	for end := time.After(timeout); ; {
		select {
		case message := <-r.read:
			if m, ok := message.(M); ok && matches(m) {
				return m
			}
			r.unused = append(r.unused, message)
		case <-end:
			r.t.Fatalf("timed out waiting for %s; read %+v", what, r.unused)
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

// playAndResign plays two plies, then White resigns. It returns the new ratings.
func (r *rig) playAndResign(gameID string, white, black schemas.Seated) (whiteRating, blackRating float64) {
	r.t.Helper()
	w, b := r.playAndLose(gameID, white, black, white.PlayerID)
	return w.Rating, b.Rating
}

// playAndLose plays two plies, then the loser resigns.
func (r *rig) playAndLose(gameID string, white, black schemas.Seated, loser string) (whiteRated, blackRated *schemas.PlayerRatedPayload) {
	r.t.Helper()
	for i, uci := range []string{"e2e4", "e7e5"} {
		mover := []string{white.PlayerID, black.PlayerID}[i]
		r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.PlayMove, Key: gameID, Actor: mover, Payload: &schemas.PlayMovePayload{UCI: uci}})
		r.event(schemas.MoveMade, gameID)
	}
	r.send(schemas.Command{ID: schemas.NewID(), Type: schemas.Resign, Key: gameID, Actor: loser})
	r.event(schemas.GameResigned, gameID)
	rated := func(player string) *schemas.PlayerRatedPayload {
		p := r.event(schemas.PlayerRated, player).Payload.(*schemas.PlayerRatedPayload)
		if p.GameID != gameID {
			r.t.Fatalf("got %+v, want the rating after game %s", p, gameID)
		}
		return p
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
	Run(ctx context.Context) error
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
			r.t.Errorf("run processor %s: %v", name, err)
		}
	}()
	r.t.Cleanup(run.stop)
	return run
}
