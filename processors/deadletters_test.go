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
	"tabiya/processors"
	"tabiya/processors/games"
	"tabiya/processors/matchmaking"
	"tabiya/processors/players"
	"tabiya/schemas"
)

// group is one of the real processors.
type group struct {
	name    string
	run     func(context.Context, processors.Config) error
	command func(n int) schemas.Command // accepted; n differs by aggregate
	event   schemas.EventType           // of an accepted command
}

// groups returns the real processors by their commands topic.
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

// malformed holds records that no processor can decode.
var malformed = []struct {
	what   string
	value  []byte
	reason string // prefix of the dead letter's reason
}{
	{"garbage", []byte("\x00\xff\xfe not JSON \x80"), "decode command: "},
	{"an object that is not a command", []byte("{}"), "decode command: "},
	{"no value", nil, "the record has no value"},
}

func TestMalformedCommandsGoToTheDeadLettersOfEveryGroup(t *testing.T) {
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
		t.Fatalf("the test covers %v, want %v", tested, topics)
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
					t.Errorf("run: %v", err)
				}
				ended <- nil // for the next call of stop
			}
			t.Cleanup(stop)

			// Each malformed record is followed by a command with the same key.
			var sent []*kgo.Record
			var commands []string
			for i, bad := range malformed {
				next := g.command(i)
				commands = append(commands, next.ID)
				rec := next.Record()
				sent = append(sent,
					&kgo.Record{Topic: topic, Key: []byte(rec.Key), Value: bad.value, Headers: []kgo.RecordHeader{{Key: "traceparent", Value: []byte(bad.what)}}},
					&kgo.Record{Topic: topic, Key: []byte(rec.Key), Value: rec.Value})
			}
			if err := r.producer.SendRecords(t.Context(), sent...); err != nil {
				t.Fatal(err)
			}

			// Once a command is committed, the broker has its messages.
			last := sent[len(sent)-1].Offset
			eventually(t, "the commit of all records", func() bool { return r.committedBy(g.name, topic, 0) > last })
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
				t.Errorf("accepted commands are %v, want %v", accepted, commands)
			}
			dead := r.log(schemas.DeadLetter(topic))
			if len(dead) != len(malformed) {
				t.Errorf("the dead-letter topic has %d records, want %d", len(dead), len(malformed))
			}
			for i, bad := range malformed {
				original := sent[2*i]
				source := fmt.Sprintf("%s/%d/%d", topic, original.Partition, original.Offset)
				at := slices.IndexFunc(dead, func(d *kgo.Record) bool { return headers(d)[schemas.HeaderSource] == source })
				if at < 0 {
					t.Errorf("%s: no dead letter has the source %s", bad.what, source)
					continue
				}
				d := dead[at]
				if string(d.Value) != string(bad.value) || (d.Value == nil) != (bad.value == nil) || string(d.Key) != string(original.Key) {
					t.Errorf("%s: dead letter is %q: %q, want %q: %q", bad.what, d.Key, d.Value, original.Key, bad.value)
				}
				h := headers(d)
				if reason := h[schemas.HeaderReason]; !strings.HasPrefix(reason, bad.reason) || h["traceparent"] != bad.what {
					t.Errorf("%s: dead letter has headers %v", bad.what, h)
				}
			}
		})
	}
}
