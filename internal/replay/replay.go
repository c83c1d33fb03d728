// Package replay plays the games of a PGN file through the public API and compares
// what history returns for them with the file.
//
//	file ─► reader ─► workers: start a game, play every move ─► checkers: fetch from history, compare ─► report
//
// A replay survives restarts of the server, since every request is repeated with its
// idempotency key until it has a clear answer.
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
	// maxRestarts is how often a game is restarted before it counts as a mismatch.
	maxRestarts = 5
	// checkersPerWorker is above 1 because playing a game takes much less time than
	// waiting until the sink has written it.
	checkersPerWorker = 4
)

// Config configures a replay.
type Config struct {
	URL          string
	ServiceToken string              // may create games; not needed with ViaQueue
	Games        int                 // maximum number of games; 0 for all
	Concurrency  int                 // games at the same time
	ViaQueue     bool                // let matchmaking create the games
	Pools        []string            // used with ViaQueue
	TimeControl  schemas.TimeControl // used without ViaQueue
	// Patience is how long the server may be unreachable, and how long a finished
	// game may take to appear in history.
	Patience time.Duration
	// Progress, if set, is called once for each game of the file that is done.
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

// played is a game that was played to its end and is now checked in history.
type played struct {
	game
	gameID string
}

// Run replays the file. It returns an error only if the replay could not be carried
// out; refused games and mismatches are in the report.
func Run(ctx context.Context, cfg Config, file io.Reader) (*Report, error) {
	report := newReport()
	r := &run{
		cfg: cfg,
		client: client.New(client.Config{
			URL: cfg.URL, Patience: cfg.Patience, Connections: cfg.Concurrency * (1 + checkersPerWorker) * 2,
			OnRetry: func(error) { report.count(&report.repeatedRequests) },
		}),
		report: report,
		start:  time.Now(),
	}
	if err := r.client.Do(ctx, client.Request{Method: http.MethodGet, Path: "/healthz"}, nil); err != nil {
		return report, fmt.Errorf("check the server's health: %w", err)
	}
	r.players = newPlayers(r.client, cfg.ServiceToken)
	starters, err := r.starters(ctx)
	if err != nil {
		return report, err
	}
	games, finished := make(chan game), make(chan played)
	var reading error
	var playing, checking sync.WaitGroup
	for _, start := range starters {
		playing.Go(func() {
			for g := range games {
				r.playOne(ctx, g, start, finished)
			}
		})
	}
	for range len(starters) * checkersPerWorker {
		checking.Go(func() {
			for p := range finished {
				r.check(ctx, p)
			}
		})
	}
	reading = read(ctx, file, cfg.Games, games, r.skip)
	close(games)
	playing.Wait()
	close(finished)
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

// starters returns one startGame per worker.
func (r *run) starters(ctx context.Context) ([]startGame, error) {
	if r.cfg.ViaQueue {
		return r.queueStarters(ctx)
	}
	starters := make([]startGame, r.cfg.Concurrency)
	for i := range starters {
		starters[i] = r.startWithToken
	}
	return starters, nil
}

// startGame starts a game on the server for a game of the file.
type startGame func(ctx context.Context, g game, key string) (liveGame, error)

// playOne plays a game, with restarts, and sends it to finished.
func (r *run) playOne(ctx context.Context, g game, start startGame, finished chan<- played) {
	for attempt := 0; ; attempt++ {
		key := r.players.run + "-" + strconv.Itoa(g.number) + "." + strconv.Itoa(attempt)
		t, err := r.startAndPlay(ctx, g, start, key)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			r.last.Store(int64(time.Since(r.start)))
			finished <- played{g, t.gameID}
			return
		case errors.Is(err, errRestartGame) && attempt < maxRestarts:
			r.report.count(&r.report.restarted)
			continue
		}
		r.fail(g, t.gameID, err)
		return
	}
}

func (r *run) startAndPlay(ctx context.Context, g game, start startGame, key string) (liveGame, error) {
	t, err := start(ctx, g, key)
	if err != nil {
		return t, err
	}
	return t, r.play(ctx, g, t, key)
}

// fail reports a game that could not be played to its end: as refused if the server
// refused a request, else as a mismatch.
func (r *run) fail(g game, gameID string, err error) {
	if _, ok := errors.AsType[*client.Problem](err); ok {
		r.report.refuse(g.place, gameID, err)
	} else {
		r.report.mismatch(g.place, gameID, err.Error())
	}
	r.progress()
}

// startWithToken creates a game with the service token. Such games take no seat, so
// a player may play several at once.
func (r *run) startWithToken(ctx context.Context, g game, key string) (liveGame, error) {
	white, err := r.players.register(ctx, g.white, g.white)
	if err != nil {
		return liveGame{}, err
	}
	black, err := r.players.register(ctx, g.black, g.black)
	if err != nil {
		return liveGame{}, err
	}
	made, err := r.client.CreateGame(ctx, r.cfg.ServiceToken, schemas.NewID(), client.NewGame{
		White: white.ID, Black: black.ID, TimeControl: r.cfg.TimeControl, Rated: true,
	})
	if err != nil {
		return liveGame{}, err
	}
	return liveGame{made.ID, white, black}, nil
}
