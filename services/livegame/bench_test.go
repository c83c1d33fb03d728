package livegame_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/auth"
	"tabiya/internal/core/player"
	"tabiya/internal/eventually"
	"tabiya/internal/httpx"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/kafkatest"
	"tabiya/processors"
	"tabiya/processors/games"
	"tabiya/schemas"
	"tabiya/services/livegame"
)

// knights returns moves of the knights there and back. A pawn moves now and then, so that
// no position is repeated five times.
func knights() (moves []string) {
	for row := range 2 {
		for _, file := range "abcdeh" {
			for range 3 {
				moves = append(moves, "g1f3", "g8f6", "f3g1", "f6g8")
			}
			moves = append(moves,
				fmt.Sprintf("%c%d%c%d", file, 2+row, file, 3+row),
				fmt.Sprintf("%c%d%c%d", file, 7-row, file, 6-row))
		}
	}
	return moves
}

// BenchmarkMovesOverSockets measures one move in one of 32 parallel games, from the
// frame to its ack. The broker, the processor and the clients run in this process.
func BenchmarkMovesOverSockets(b *testing.B) {
	silent := slog.New(slog.DiscardHandler)
	cluster := kafkatest.Start(b, 4)
	producer, err := kafka.NewProducer(cluster.Config)
	if err != nil {
		b.Fatal(err)
	}
	defer producer.Close()
	p, err := games.New(games.Config{Config: processors.Config{Kafka: cluster.Config, Logger: silent, Registerer: prometheus.NewRegistry()}})
	if err != nil {
		b.Fatal(err)
	}
	key, err := auth.GenerateKey()
	if err != nil {
		b.Fatal(err)
	}
	signer := auth.NewSigner(key)
	verifier := newVerifier(key, time.Now)
	players := &playersView{rows: map[string]*player.State{}}
	registry := prometheus.NewRegistry()
	s, err := livegame.New(livegame.Config{Kafka: cluster.Config, Commands: producer, Players: players, Verifier: verifier,
		Regions: []string{"eu"}, Logger: silent, Registerer: registry})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { _ = p.Run(ctx) })
	running.Go(func() { _ = s.Run(ctx) })
	eventually.True(b, "ready", func() bool { return p.Ready() == nil && s.Ready() == nil })
	engine := httpx.New(silent, registry)
	s.Routes(engine)
	server := httptest.NewServer(engine)
	defer server.Close()

	moves := knights()
	const parallelGames = 32
	var left atomic.Int64
	left.Store(int64(b.N))
	playGames := func() {
		for left.Load() > 0 {
			id := schemas.NewID()
			var conns [2]*websocket.Conn
			var ids [2]string
			for side := range 2 {
				ids[side] = schemas.NewID()
				players.add(ids[side], "player")
			}
			at := make(chan error, 1)
			producer.SendAsync(schemas.Command{ID: schemas.NewID(), Type: schemas.CreateGame, Key: id, Region: "eu", Actor: schemas.ActorSystem,
				Payload: &schemas.CreateGamePayload{White: schemas.Seated{PlayerID: ids[0]}, Black: schemas.Seated{PlayerID: ids[1]}, TimeControl: schemas.TimeControl{InitialCs: 1000000}}}, func(err error) { at <- err })
			if err := <-at; err != nil {
				b.Error(err)
				return
			}
			for side := range 2 {
				token, _, _ := signer.Player(ids[side], time.Now(), time.Hour)
				conns[side], _, err = websocket.Dial(ctx, "ws"+server.URL[4:]+"/v1/games/"+id+"/socket", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + token}}})
				if err != nil {
					b.Error(err)
					return
				}
			}
			for n, uci := range moves {
				conn := conns[n%2]
				if err := conn.Write(context.Background(), websocket.MessageText, fmt.Appendf(nil, `{"type":"move","uci":%q,"ply":%d,"clientMoveId":"%d"}`, uci, n+1, n)); err != nil {
					b.Error(err)
					return
				}
				for {
					_, text, err := conn.Read(context.Background())
					if err != nil {
						b.Error(err)
						return
					}
					if text[9] == 'a' { // {"type":"ack"
						break
					}
					if text[9] == 'r' { // {"type":"refused"
						b.Errorf("%s", text)
						return
					}
				}
				if left.Add(-1) <= 0 {
					break
				}
			}
			for _, c := range conns {
				_ = c.CloseNow()
			}
		}
	}
	runtime.GC()
	b.ResetTimer()
	b.ReportAllocs()
	var all sync.WaitGroup
	for range parallelGames {
		all.Go(playGames)
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "moves/s")
}
