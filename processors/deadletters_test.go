package processors_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/core/queue"
	"tabiya/internal/eventually"
	"tabiya/processors"
	"tabiya/processors/games"
	"tabiya/processors/matchmaking"
	"tabiya/processors/players"
	"tabiya/schemas"
)

// A group is one of the real processors, and what it makes of a command.
type group struct {
	name    string
	run     func(context.Context, processors.Config) error
	command func(n int) schemas.Command // an accepted one, each of another aggregate
	event   schemas.EventType
}

// groups are all that judge commands, by the topic that they read.
func groups() map[string]group {
	command := func(t schemas.CommandType, key string, payload any) schemas.Command {
		return schemas.Command{ID: schemas.NewID(), Type: t, Key: key, Region: "eu", Actor: schemas.ActorSystem, Payload: payload}
	}
	seat := func(handle string) schemas.Seated {
		return schemas.Seated{PlayerID: schemas.NewID(), Handle: handle, Rating: 1500, Deviation: 350, TicketID: schemas.NewID(), Attempt: 1}
	}
	return map[string]group{
		schemas.PlayerCommands: {schemas.PlayersGroup, players.Run, func(n int) schemas.Command {
			return command(schemas.RegisterPlayer, schemas.NewID(), &schemas.RegisterPlayerPayload{Handle: fmt.Sprint("player-", n)})
		}, schemas.PlayerRegistered},
		schemas.QueueCommands: {schemas.MatchmakingGroup, func(ctx context.Context, cfg processors.Config) error {
			return matchmaking.Run(ctx, cfg, queue.Config{})
		}, func(n int) schemas.Command {
			return command(schemas.EnterQueue, schemas.QueueKey("eu", "3+0", n), &schemas.EnterQueuePayload{
				TicketID: schemas.NewID(), PlayerID: schemas.NewID(), Handle: "anna", Rating: 1500, Deviation: 350,
				Origin: schemas.Origin{Partitions: 1, Partition: 0, Offset: int64(n)},
			})
		}, schemas.PlayerQueued},
		schemas.GameCommands: {schemas.GamesGroup, func(ctx context.Context, cfg processors.Config) error {
			return games.Run(ctx, games.Config{Config: cfg})
		}, func(int) schemas.Command {
			return command(schemas.CreateGame, schemas.NewID(), &schemas.CreateGamePayload{
				White: seat("anna"), Black: seat("bo"), TimeControl: schemas.TimeControl{InitialCs: 18_000}, Queue: schemas.QueueKey("eu", "3+0", 0),
			})
		}, schemas.GameCreated},
	}
}

// What no processor can read, and how the reason begins that it gives.
var undecodable = []struct {
	what   string
	value  []byte
	reason string
}{
	{"garbage", []byte("\x00\xff\xfe not JSON \x80"), "decode command: "},
	{"an object that is no command", []byte("{}"), "decode command: "},
	{"no value", nil, "the record has no value"},
}

func TestEachGroupPutsAsideWhatIsNoCommandAndJudgesTheNext(t *testing.T) {
	t.Parallel()
	all := groups()
	var topics []string
	for _, topic := range schemas.Topics() {
		if strings.HasSuffix(topic.Name, "-commands") {
			topics = append(topics, topic.Name)
		}
	}
	slices.Sort(topics)
	if tested := slices.Sorted(maps.Keys(all)); !slices.Equal(tested, topics) {
		t.Fatalf("tested are %v of %v", tested, topics)
	}
	for topic, g := range all {
		t.Run(topic, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 1)
			ctx, cancel := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- g.run(ctx, processors.Config{Kafka: r.Config, Logger: slog.New(slog.DiscardHandler)}) }()
			stop := func() {
				cancel()
				if err := <-ended; err != nil {
					t.Errorf("the processor ended with: %v", err)
				}
				ended <- nil // for the next stop
			}
			t.Cleanup(stop)

			// Each of them is followed by a command of the same key.
			var log []*kgo.Record
			var commands []string
			for i, u := range undecodable {
				next := g.command(i)
				commands = append(commands, next.ID)
				rec := next.Record()
				log = append(log,
					&kgo.Record{Topic: topic, Key: []byte(rec.Key), Value: u.value, Headers: []kgo.RecordHeader{{Key: "traceparent", Value: []byte(u.what)}}},
					&kgo.Record{Topic: topic, Key: []byte(rec.Key), Value: rec.Value})
			}
			if err := r.producer.SendRecords(t.Context(), log...); err != nil {
				t.Fatal(err)
			}

			// What is committed has been said, and the broker has it.
			last := log[len(log)-1].Offset
			eventually.True(t, "all is committed", func() bool { return r.committedBy(g.name, topic, 0) > last })
			stop()
			var accepted []string
			for _, rec := range r.log(g.event.Topic()) {
				ev, err := schemas.DecodeEvent(rec.Value)
				if err != nil {
					t.Fatal(err)
				}
				if ev.Type == g.event {
					accepted = append(accepted, ev.CommandID)
				}
			}
			if !slices.Equal(accepted, commands) {
				t.Errorf("%v were accepted, not %v", accepted, commands)
			}
			dead := r.log(schemas.DeadLetter(topic))
			if len(dead) != len(undecodable) {
				t.Errorf("%d dead letters, not one for each of %d", len(dead), len(undecodable))
			}
			for i, u := range undecodable {
				was := log[2*i]
				source := fmt.Sprintf("%s/%d/%d", topic, was.Partition, was.Offset)
				at := slices.IndexFunc(dead, func(d *kgo.Record) bool { return headers(d)[schemas.HeaderSource] == source })
				if at < 0 {
					t.Errorf("%s: no dead letter comes from %s", u.what, source)
					continue
				}
				d := dead[at]
				if string(d.Value) != string(u.value) || (d.Value == nil) != (u.value == nil) || string(d.Key) != string(was.Key) {
					t.Errorf("%s: of %q: %q came %q: %q", u.what, was.Key, u.value, d.Key, d.Value)
				}
				h := headers(d)
				if reason := h[schemas.HeaderReason]; !strings.HasPrefix(reason, u.reason) || h["traceparent"] != u.what {
					t.Errorf("%s: headers %v", u.what, h)
				}
			}
		})
	}
}
