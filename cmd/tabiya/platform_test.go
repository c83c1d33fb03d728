package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/game"
	"tabiya/internal/core/player"
	"tabiya/internal/eventually"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
	"tabiya/tables"
)

// platform is a Kafka cluster with what a test does to it.
type platform struct {
	*kafkatest.Cluster
	t        *testing.T
	producer *kafka.Producer
}

const platformPartitions = 4

func newPlatform(t *testing.T) *platform {
	t.Helper()
	p := &platform{Cluster: kafkatest.Start(t, platformPartitions), t: t}
	p.newProducer()
	return p
}

func (p *platform) newProducer() {
	p.t.Helper()
	producer, err := kafka.NewProducer(p.Config)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(producer.Close)
	p.producer = producer
}

func (p *platform) send(cmds ...schemas.Command) {
	p.t.Helper()
	messages := make([]schemas.Message, len(cmds))
	for i, cmd := range cmds {
		messages[i] = cmd
	}
	if err := p.producer.Send(p.t.Context(), messages...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *platform) produce(records ...*kgo.Record) {
	p.t.Helper()
	if err := p.producer.SendRecords(p.t.Context(), records...); err != nil {
		p.t.Fatal(err)
	}
}

// log returns the records of a topic up to its present end.
func (p *platform) log(topic string) (records []*kgo.Record) {
	p.t.Helper()
	if err := kafka.ReadAll(p.t.Context(), p.Config, topic, func(r *kgo.Record) error {
		records = append(records, r)
		return nil
	}); err != nil {
		p.t.Fatal(err)
	}
	return records
}

// answered waits until a command has led to an event besides TimeRestored, which can
// precede any, or was refused.
func (p *platform) answered(cmd schemas.Command) (ev schemas.Event, refusal schemas.Code) {
	p.t.Helper()
	a, _ := schemas.AggregateOf(schemas.CommandTopic(cmd.Type))
	eventually.True(p.t, fmt.Sprintf("the answer to %s of %s", cmd.Type, cmd.Key), func() bool {
		for _, topic := range []string{a.Events, schemas.QueueEvents} {
			for _, r := range p.log(topic) {
				if found, err := schemas.DecodeEvent(r.Value); err == nil && found.CommandID == cmd.ID && found.Type != schemas.TimeRestored {
					ev = found
					return true
				}
			}
		}
		for _, r := range p.log(schemas.CommandReplies) {
			if reply, err := schemas.DecodeReply(r.Value); err == nil && reply.CommandID == cmd.ID {
				refusal = reply.Code
				return true
			}
		}
		return false
	})
	return ev, refusal
}

func (p *platform) accept(cmd schemas.Command) {
	p.t.Helper()
	p.send(cmd)
	if _, refusal := p.answered(cmd); refusal != "" {
		p.t.Fatalf("%s of %s was refused: %s", cmd.Type, cmd.Key, refusal)
	}
}

// rows returns the rows of a table by key.
func rows[R tables.Row](p *platform, table tables.Table[R]) map[string]R {
	p.t.Helper()
	var none R
	all := make(map[string]R)
	if err := tables.Each(p.t.Context(), p.Config, table, func(_ int32, key string, row R) {
		if delete(all, key); any(row) != any(none) {
			all[key] = row
		}
	}); err != nil {
		p.t.Fatal(err)
	}
	return all
}

// lose deletes topics and creates them again, as `tabiya topics create` does.
func (p *platform) lose(topics ...string) {
	p.t.Helper()
	client, err := kgo.NewClient(p.Config.Opts()...)
	if err != nil {
		p.t.Fatal(err)
	}
	defer client.Close()
	deleted, err := kadm.NewClient(client).DeleteTopics(p.t.Context(), topics...)
	if err := errors.Join(err, deleted.Error()); err != nil {
		p.t.Fatal(err)
	}
	eventually.NoError(p.t, "the topics to be created again", func() error {
		return kafka.EnsureTopics(p.t.Context(), p.Config, kafka.TopicOptions{Partitions: platformPartitions, Replication: 1, MinISR: 1})
	})
}

func (p *platform) rebuild(names ...string) string {
	p.t.Helper()
	var out strings.Builder
	if err := rebuildTables(p.t.Context(), &out, p.Config, slog.New(slog.DiscardHandler), names); err != nil {
		p.t.Fatal(err)
	}
	return out.String()
}

// wantRefused waits until a processor ends because it must not use its table.
func (r *running) wantRefused(parts ...string) {
	r.t.Helper()
	eventually.True(r.t, r.Name+" to end", func() bool {
		select {
		case <-r.ended:
			return true
		default:
			return false
		}
	})
	if !errors.Is(r.err, topology.ErrMismatch) || strings.Contains(r.err.Error(), "\n") {
		r.t.Fatalf("%s ended with %v", r.Name, r.err)
	}
	for _, part := range parts {
		if !strings.Contains(r.err.Error(), part) {
			r.t.Errorf("%s ended with %q, want it to say %q", r.Name, r.err, part)
		}
	}
}

func (p *platform) register(n int) (ids []string) {
	p.t.Helper()
	var cmds []schemas.Command
	for i := range n {
		id := schemas.NewID()
		ids = append(ids, id)
		cmds = append(cmds, schemas.Command{ID: schemas.NewID(), Type: schemas.RegisterPlayer, Key: id, Region: "eu",
			Actor: schemas.ActorSystem, Payload: &schemas.RegisterPlayerPayload{Handle: fmt.Sprint("player-", i), Country: "PL"}})
	}
	p.send(cmds...)
	eventually.True(p.t, "all players", func() bool { return len(p.log(schemas.PlayerEvents)) == n })
	return ids
}

func join(playerID, queueKey string) schemas.Command {
	return schemas.Command{ID: schemas.NewID(), Type: schemas.JoinQueue, Key: playerID, Region: "eu", Actor: playerID, Payload: &schemas.JoinQueuePayload{Queue: queueKey}}
}

// pair lets players find opponents in a queue and returns their live games.
func (p *platform) pair(ids []string, queueKey string) (live []*game.State) {
	p.t.Helper()
	var cmds []schemas.Command
	for _, id := range ids {
		cmds = append(cmds, join(id, queueKey))
	}
	p.send(cmds...)
	eventually.True(p.t, "all games and seats", func() bool {
		live = nil
		for _, g := range rows(p, tables.Games()) {
			live = append(live, g)
		}
		playing := 0
		for _, s := range rows(p, tables.Players()) {
			if s.Seat.Status == player.Playing {
				playing++
			}
		}
		return len(live) == len(ids)/2 && playing == len(ids)
	})
	return live
}

// play plays the next of some opening moves in a game.
func play(g *game.State) schemas.Command {
	moves := []string{"e2e4", "e7e5", "g1f3", "b8c6", "f1c4", "g8f6"}
	mover := g.White
	if g.Plies%2 == 1 {
		mover = g.Black
	}
	return schemas.Command{ID: schemas.NewID(), Type: schemas.PlayMove, Key: g.ID, Region: g.Region, Actor: mover.PlayerID,
		Payload: &schemas.PlayMovePayload{UCI: moves[g.Plies], Ply: g.Plies + 1}}
}

func (p *platform) playAll(live map[string]*game.State) {
	p.t.Helper()
	var cmds []schemas.Command
	for _, g := range live {
		cmds = append(cmds, play(g))
	}
	p.send(cmds...)
	for _, cmd := range cmds {
		if ev, refusal := p.answered(cmd); refusal != "" || ev.Type != schemas.MoveMade {
			p.t.Fatalf("a move in game %s led to %s, refusal %s", cmd.Key, ev.Type, refusal)
		}
	}
}

// sameGame compares all that a row says of a game but its frame.
func sameGame(a, b *game.State) bool {
	return string(game.AppendBody(nil, a)) == string(game.AppendBody(nil, b))
}
