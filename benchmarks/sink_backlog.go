package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/embedded"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
)

// sinkBackends are the embedded servers for a sink. They run in this process, so that
// only the sink's own CPU time and memory are measured in the sink's process.
type sinkBackends struct {
	*embedded.Instance
	kafka kafka.Config
}

const sinkPartitions = 4

func (b *bench) startSinkBackends(name string, cfg embedded.Config) (*sinkBackends, error) {
	ctx := context.Background()
	cfg.DataDir, cfg.Logger = filepath.Join(b.scratch, name), slog.New(slog.DiscardHandler)
	i, err := embedded.Start(ctx, cfg)
	if err != nil {
		return nil, err
	}
	p := &sinkBackends{i, kafka.Config{Brokers: i.KafkaBrokers(), SASL: i.KafkaSASL()}}
	if err := kafka.EnsureTopics(ctx, p.kafka, kafka.TopicOptions{Partitions: sinkPartitions, Replication: 1, MinISR: 1}); err != nil {
		p.close()
		return nil, err
	}
	if err := topology.Ensure(ctx, p.kafka); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *sinkBackends) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_ = p.Close(ctx)
}

// fill writes finished games to game-events: the terminal event of each game and, if all
// is true, the event of each ply. It returns the number of events.
func (p *sinkBackends) fill(games int, moves [][]string, all bool) (int, error) {
	producer, err := kafka.NewProducer(p.kafka)
	if err != nil {
		return 0, err
	}
	defer producer.Close()
	ctx := context.Background()
	var batch []*kgo.Record
	sent := 0
	flush := func() error {
		sent += len(batch)
		err := producer.SendRecords(ctx, batch...)
		batch = nil
		return err
	}
	for i := range games {
		id := schemas.NewID()
		played := moves[i%len(moves)]
		over := gameOver(played)
		seq := int64(1)
		event := func(t schemas.EventType, payload any) {
			seq++
			batch = append(batch, eventRecord(schemas.Event{
				ID: schemas.EventID(id, seq), Type: t, Key: id, Seq: seq, OccurredAt: schemas.TimeOf(time.Now()),
				Region: []string{"eu", "us"}[i%2], CommandID: schemas.NewID(), Payload: payload,
			}, len(played)))
		}
		if all {
			for ply, uci := range played {
				event(schemas.MoveMade, &schemas.MoveMadePayload{
					Ply: ply + 1, Color: []schemas.Color{schemas.White, schemas.Black}[ply%2], UCI: uci, SAN: uci, FEN: over.FEN,
					Clock: schemas.Clock{WhiteCs: 18000 - int64(ply), BlackCs: 18000 - int64(ply), ElapsedCs: 120, ChargedCs: 120},
				})
			}
		}
		event(schemas.GameResigned, over)
		if len(batch) >= 5000 {
			if err := flush(); err != nil {
				return sent, fmt.Errorf("write the backlog: %w", err)
			}
		}
	}
	return sent, flush()
}

// eventRecord returns an event's record as the processor writes it. A terminal event
// carries the game's row in a header, here random bytes of the usual size.
func eventRecord(ev schemas.Event, plies int) *kgo.Record {
	rec := kafka.Record(ev.Record())
	if ev.Type.CarriesRow() {
		row := make([]byte, 400+13*plies)
		_, _ = rand.Read(row) // never fails
		rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: schemas.HeaderRow, Value: row})
	}
	return rec
}

// gameOver returns the payload of a finished game with these moves.
func gameOver(moves []string) *schemas.GameOver {
	clocks := make([]int64, len(moves))
	for i := range clocks {
		clocks[i] = 18000 - int64(i)*37
	}
	now := schemas.TimeOf(time.Now())
	seat := func(handle string) schemas.Seated {
		return schemas.Seated{PlayerID: schemas.NewID(), Handle: handle, Rating: 1512.25, Deviation: 180}
	}
	tc := schemas.TimeControl{InitialCs: 18000, IncrementCs: 200}
	return &schemas.GameOver{
		White: seat("white-player"), Black: seat("black-player"), TimeControl: tc, Speed: tc.Speed(), Rated: true,
		StartFEN:  "rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1",
		CreatedAt: now, EndedAt: now, Result: schemas.WhiteWins, Termination: schemas.Resignation,
		Plies: len(moves), Moves: moves, ClocksCs: clocks,
		FEN: "r4rk1/1bq1bppp/p2ppn2/1p6/3BPP2/1BN2Q2/PPP3PP/2KR3R w - - 4 15",
	}
}

// kafkaFlags returns a command's arguments with the flags that reach the Kafka.
func (p *sinkBackends) kafkaFlags(args ...string) []string {
	login := p.kafka.SASL
	return append(args, "--kafka", p.kafka.Brokers[0], "--kafka-sasl", login.Mechanism, "--kafka-user", login.User, "--kafka-password", login.Password)
}
