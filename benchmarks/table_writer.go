package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	core "tabiya/internal/core/game"
	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/tables"
)

const (
	writtenPlies  = 160    // of a game; at half of them, its row has 1.4 KB
	writtenGames  = 60_000 // live at the same time: each has a move every 5 s
	writtenRate   = 12_000 // moves a second
	writtenFinish = writtenRate / writtenPlies
	evictAfter    = time.Minute // as the games processor does
	tombstoneAge  = time.Hour   // delete.retention.ms
)

// tableWriter writes what a games processor would write to games-table under load: the
// rows of real games, a row a move, and the tombstones of finished games.
type tableWriter struct {
	producer *kafka.Producer
	rows     [][]*core.State // by game and ply
	live     []writtenGame
	next     int       // of live, whose turn it is
	finished []evicted // oldest first

	pending, written atomic.Int64 // records
	bytes            atomic.Int64
	failed           atomic.Pointer[error]
}

type writtenGame struct {
	id       string
	template int
	ply      int
}

type evicted struct {
	id string
	at time.Time
}

func newTableWriter(cfg kafka.Config) (*tableWriter, error) {
	w := &tableWriter{live: make([]writtenGame, writtenGames)}
	moves, err := longGames(8, writtenPlies)
	if err != nil {
		return nil, err
	}
	for _, moves := range moves {
		rows, err := rowsOf(moves)
		if err != nil {
			return nil, err
		}
		w.rows = append(w.rows, rows)
	}
	for i := range w.live {
		w.live[i] = w.newGame(rand.IntN(writtenPlies))
	}
	w.producer, err = kafka.NewProducer(cfg)
	return w, err
}

func (w *tableWriter) newGame(ply int) writtenGame {
	return writtenGame{schemas.NewID(), rand.IntN(len(w.rows)), ply}
}

// rowsOf plays a game and returns its row after each ply and after its end.
func rowsOf(moves []string) (rows []*core.State, err error) {
	var row *core.State
	seat := func(name string) schemas.Seated {
		return schemas.Seated{PlayerID: schemas.NewID(), Handle: name, Rating: 1500, Deviation: 100}
	}
	white, black := seat("white"), seat("black")
	at, game := schemas.TimeOf(time.Now()), schemas.NewID()
	decide := func(t schemas.CommandType, actor string, payload any) error {
		cmd := schemas.Command{ID: schemas.GameCommandID(game, schemas.NewID()), Type: t, Key: game, Region: "eu", Actor: actor, Payload: payload}
		next, _, refusal := core.Decide(row, cmd, at)
		if refusal != nil {
			return fmt.Errorf("row for the benchmark: %s refused: %v", t, refusal)
		}
		at = at.Add(time.Second)
		// The offset of no command, so that no command counts as decided.
		stored := tables.Games().Encode(game, next.Stamped(int64(len(rows)+1), -1))
		row, err = tables.Games().Decode(game, stored)
		return err
	}
	// Hours on the clock: no flag falls.
	create := &schemas.CreateGamePayload{White: white, Black: black, TimeControl: schemas.TimeControl{InitialCs: 1_000_000}}
	if err := decide(schemas.CreateGame, schemas.ActorService, create); err != nil {
		return nil, err
	}
	for i, uci := range moves {
		mover := []string{white.PlayerID, black.PlayerID}[i%2]
		if err := decide(schemas.PlayMove, mover, &schemas.PlayMovePayload{UCI: uci}); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	if err := decide(schemas.Resign, white.PlayerID, nil); err != nil {
		return nil, err
	}
	return append(rows, row), nil
}

// fill writes what has been there before: the tombstones of an hour and the row of every
// live game.
func (w *tableWriter) fill() error {
	for range writtenFinish * int(tombstoneAge/time.Second) {
		if err := w.send(schemas.NewID(), nil); err != nil {
			return err
		}
	}
	for _, g := range w.live {
		if err := w.send(g.id, w.rows[g.template][g.ply]); err != nil {
			return err
		}
	}
	return w.flush()
}

// write writes at the full rate until ctx is done, and returns how many moves a second
// it wrote.
func (w *tableWriter) write(ctx context.Context) (float64, error) {
	start := time.Now()
	moves := 0
	for ctx.Err() == nil {
		for due := int(time.Since(start).Seconds() * writtenRate); moves < due; moves++ {
			if err := w.move(); err != nil { //nolint:contextcheck // flush waits for what was sent
				return 0, err
			}
		}
		for len(w.finished) > 0 && time.Since(w.finished[0].at) > evictAfter {
			if err := w.send(w.finished[0].id, nil); err != nil { //nolint:contextcheck // likewise
				return 0, err
			}
			w.finished = w.finished[1:]
		}
		time.Sleep(2 * time.Millisecond)
	}
	took := time.Since(start)
	return float64(moves) / took.Seconds(), w.flush()
}

// move plays one ply in the game whose turn it is.
func (w *tableWriter) move() error {
	g := &w.live[w.next]
	w.next = (w.next + 1) % len(w.live)
	g.ply++
	if err := w.send(g.id, w.rows[g.template][g.ply]); err != nil {
		return err
	}
	if g.ply == writtenPlies {
		w.finished = append(w.finished, evicted{g.id, time.Now()})
		*g = w.newGame(0)
	}
	return nil
}

// send writes a row, or a tombstone. It waits while many records are on their way.
func (w *tableWriter) send(id string, row *core.State) error {
	for w.pending.Load() > 20_000 {
		time.Sleep(time.Millisecond)
	}
	if err := w.failed.Load(); err != nil {
		return *err
	}
	r := &kgo.Record{Topic: schemas.GamesTable, Key: []byte(id)}
	if row == nil {
		r.Headers = []kgo.RecordHeader{{Key: tables.HeaderOffset, Value: []byte("-1")}}
	} else {
		r.Value = tables.Games().Encode(id, row)
	}
	w.pending.Add(1)
	w.producer.SendRecordAsync(r, func(err error) {
		w.pending.Add(-1)
		w.written.Add(1)
		w.bytes.Add(int64(len(r.Key) + len(r.Value)))
		if err != nil {
			w.failed.Store(&err)
		}
	})
	return nil
}

func (w *tableWriter) flush() error {
	for w.pending.Load() > 0 {
		time.Sleep(time.Millisecond)
	}
	if err := w.failed.Load(); err != nil {
		return *err
	}
	return nil
}
