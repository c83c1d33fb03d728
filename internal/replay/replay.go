// Package replay plays a PGN file's games through the public API, as an app
// would, and compares what history says of them with the file.
//
//	file ─► reader ─► lanes: two players, a game, every move ─► checkers: history, compare ─► report
//
// It knows nothing of the server but its API: a replay survives a restart of
// the server, since every request is repeated under its idempotency key until
// it has a clear answer.
package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"tabiya/internal/client"
	"tabiya/schemas"
)

const (
	// startOvers is how often a game is begun again before it counts as lost.
	startOvers = 5
	// checkersPerLane: to wait for history costs nothing, and a game takes much
	// less time to play than the sink takes to write it.
	checkersPerLane = 4
)

// Config of a replay.
type Config struct {
	URL          string
	ServiceToken string // creates games; not needed with ViaQueue
	Games        int    // at most; 0 for all
	Concurrency  int    // games at the same time
	ViaQueue     bool   // the games are made by the matchmaker
	Pools        []string
	TimeControl  schemas.TimeControl // of the games that are not made by a queue
	// Patience is how long the server may be away, and how long a finished game
	// may take to be in history.
	Patience time.Duration
	// Progress, if set, hears of each game of the file that is done with.
	Progress func()
}

type run struct {
	cfg     Config
	client  *client.Client
	players *players
	report  *Report
	last    atomic.Int64 // when the last game was played, in nanoseconds since start
	start   time.Time
}

// played is a game that is over and has to be in history.
type played struct {
	game
	gameID string
}

// Run replays the file and reports. Its error is a replay that could not be
// done; what it found is in the report.
func Run(ctx context.Context, cfg Config, file io.Reader) (*Report, error) {
	report := newReport()
	r := &run{
		cfg: cfg,
		client: client.New(client.Config{
			URL: cfg.URL, Patience: cfg.Patience, Connections: cfg.Concurrency * (1 + checkersPerLane) * 2,
			OnRetry: func(error) { report.count(&report.repeatedRequests) },
		}),
		report: report,
		start:  time.Now(),
	}
	if err := r.client.Do(ctx, client.Request{Method: http.MethodGet, Path: "/healthz"}, nil); err != nil {
		return report, fmt.Errorf("ask the server how it is: %w", err)
	}
	r.players = newPlayers(r.client)
	lanes, err := r.lanes(ctx)
	if err != nil {
		return report, err
	}
	games, over := make(chan game), make(chan played)
	var reading error
	var playing, checking sync.WaitGroup
	for _, lane := range lanes {
		playing.Go(func() {
			for g := range games {
				r.playOne(ctx, g, lane, over)
			}
		})
	}
	for range len(lanes) * checkersPerLane {
		checking.Go(func() {
			for p := range over {
				r.check(ctx, p)
			}
		})
	}
	reading = read(ctx, file, cfg.Games, games, r.skip)
	close(games)
	playing.Wait()
	close(over)
	checking.Wait()
	report.playing = time.Duration(r.last.Load())
	return report, errors.Join(reading, ctx.Err())
}

func (r *run) skip(place, reason string) {
	r.report.skip(place, reason)
	r.progress()
}

func (r *run) progress() {
	if r.cfg.Progress != nil {
		r.cfg.Progress()
	}
}

// lanes are the ways in which a game comes to be, one for each game at a time.
func (r *run) lanes(ctx context.Context) ([]lane, error) {
	if r.cfg.ViaQueue {
		return r.queueLanes(ctx)
	}
	lanes := make([]lane, r.cfg.Concurrency)
	for i := range lanes {
		lanes[i] = r.created
	}
	return lanes, nil
}

// lane brings two players to the board.
type lane func(ctx context.Context, g game, key string) (table, error)

// playOne plays a game and hands it on to be checked.
func (r *run) playOne(ctx context.Context, g game, lane lane, over chan<- played) {
	for attempt := 0; ; attempt++ {
		key := r.players.run + "-" + strconv.Itoa(g.number) + "." + strconv.Itoa(attempt)
		t, err := r.seatAndPlay(ctx, g, lane, key)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			r.last.Store(int64(time.Since(r.start)))
			over <- played{g, t.gameID}
			return
		case errors.Is(err, errStartOver) && attempt < startOvers:
			r.report.count(&r.report.startedOver)
			continue
		}
		r.fail(g, t.gameID, err)
		return
	}
}

func (r *run) seatAndPlay(ctx context.Context, g game, lane lane, key string) (table, error) {
	t, err := lane(ctx, g, key)
	if err != nil {
		return t, err
	}
	return t, r.play(ctx, g, t, key)
}

// fail counts a game that could not be played to its end: refused if the server
// said no to something that the file says was played.
func (r *run) fail(g game, gameID string, err error) {
	var refusal *client.Problem
	if errors.As(err, &refusal) {
		r.report.refuse(g.place, gameID, err)
	} else {
		r.report.mismatch(g.place, gameID, err.Error())
	}
	r.progress()
}

// created makes a game with the service token: no seats are taken, so a player
// may have several at once.
func (r *run) created(ctx context.Context, g game, key string) (table, error) {
	white, err := r.players.register(ctx, g.white, g.white)
	if err != nil {
		return table{}, err
	}
	black, err := r.players.register(ctx, g.black, g.black)
	if err != nil {
		return table{}, err
	}
	made, err := r.client.CreateGame(ctx, r.cfg.ServiceToken, schemas.NewID(), client.NewGame{
		White: white.ID, Black: black.ID, TimeControl: r.cfg.TimeControl, Rated: true,
	})
	if err != nil {
		return table{}, err
	}
	return table{made.ID, white, black}, nil
}
