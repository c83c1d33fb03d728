package processors_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/processors"
	"tabiya/schemas"
	"tabiya/tables"
)

// fat is a row with the size of a live game's and a codec that costs almost nothing,
// so that the benchmarks measure everything but the Core.
type fat struct {
	head schemas.Head
	body []byte
}

func (f *fat) Head() schemas.Head { return f.head }

type fatCore struct{}

func (fatCore) Decide(row *fat, cmd schemas.Command, in processors.Circumstances) (*fat, bool, []schemas.Message) {
	if row == nil {
		row = &fat{body: make([]byte, 1500)}
	}
	row.head = schemas.Head{Version: row.head.Version + 1, Offset: in.Origin.Offset}
	return row, true, []schemas.Message{schemas.Event{
		ID: schemas.EventID(cmd.Key, row.head.Version), Type: schemas.MoveMade, Key: cmd.Key, Seq: row.head.Version,
		OccurredAt: in.At, Region: cmd.Region, CommandID: cmd.ID,
		Payload: &schemas.MoveMadePayload{Ply: 1, Color: schemas.White, UCI: "e2e4", SAN: "e4", FEN: "rnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1"},
	}}
}

func (fatCore) Replay(*fat, schemas.Command, processors.Circumstances) []schemas.Message {
	return nil
}

func (fatCore) NextTimer(key string, row *fat) (schemas.Time, func() schemas.Command, bool, bool) {
	version := row.head.Version
	return schemas.Time(1) << 45, func() schemas.Command {
		return schemas.Command{Type: schemas.CheckFlag, Key: key, ID: schemas.DerivedID(key, "flag", version)}
	}, false, true
}

func fatTable() tables.Table[*fat] {
	return tables.Table[*fat]{
		Group: schemas.GamesGroup, Topic: schemas.GamesTable, Commands: schemas.GameCommands, Events: schemas.GameEvents,
		AppendBody: func(b []byte, row *fat) []byte { return append(b, row.body...) },
		DecodeBody: func(_ string, head schemas.Head, body []byte) (*fat, error) { return &fat{head, body}, nil },
	}
}

// The benchmarks measure commands from their send until their event is read back, with
// many in flight or one at a time. Broker, producer, processor and consumer run in this
// process.
func BenchmarkCommands(b *testing.B)  { benchmarkCommands(b, 4096) }
func BenchmarkRoundTrip(b *testing.B) { benchmarkCommands(b, 1) }

func benchmarkCommands(b *testing.B, inFlight int) {
	const partitions, games = 8, 1000
	cluster := kafkatest.Start(b, partitions)
	ctx, cancel := context.WithCancel(b.Context())
	p, err := processors.New(processors.Config{Kafka: cluster.Config}, fatTable(), fatCore{})
	if err != nil {
		b.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.Run(ctx) // ends with ctx
	}()
	defer func() {
		cancel()
		<-ended
	}()
	for p.Ready() != nil {
		time.Sleep(10 * time.Millisecond)
	}
	producer, err := kafka.NewProducer(cluster.Config)
	if err != nil {
		b.Fatal(err)
	}
	defer producer.Close()
	reader, err := kgo.NewClient(append(cluster.Config.Opts(), kgo.ConsumeTopics(schemas.GameEvents))...)
	if err != nil {
		b.Fatal(err)
	}
	defer reader.Close()

	window := make(chan struct{}, inFlight)
	b.ResetTimer()
	go func() {
		for i := range b.N {
			window <- struct{}{}
			cmd := schemas.Command{
				ID: schemas.NewID(), Type: schemas.PlayMove, Key: fmt.Sprint("game-", i%games), Region: "eu",
				Actor: "0198f4c2-0000-7000-8000-000000000000", Payload: &schemas.PlayMovePayload{UCI: "e2e4", Ply: i},
			}
			producer.SendAsync(cmd, nil)
		}
	}()
	for seen := 0; seen < b.N; {
		fetches := reader.PollFetches(b.Context())
		for range fetches.Records() {
			<-window
			seen++
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
}
