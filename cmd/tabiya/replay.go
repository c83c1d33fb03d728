package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"tabiya/internal/core/pgn"
	"tabiya/internal/replay"
	"tabiya/schemas"
)

type replayCmd struct {
	File         string        `arg:"" type:"existingfile" placeholder:"FILE.pgn" help:"PGN file with the games."`
	Url          string        `placeholder:"URL" help:"URL of the API; default: that of the 'tabiya up' whose data folder is --data."`
	Data         string        `default:"data" type:"path" help:"Data folder of a 'tabiya up' on this machine, in which its URL and service token are found."`
	ServiceToken string        `placeholder:"TOKEN" help:"Service token that may create games; default: the one found in --data."`
	Games        int           `placeholder:"N" help:"Play only the first N playable games; default: all."`
	Concurrency  int           `default:"32" help:"Number of games played at the same time; with --via-queue at most the number of queues."`
	ViaQueue     bool          `help:"Let matchmaking create the games: both players join a queue and learn of their game on their own event stream."`
	TimeControl  string        `default:"30+20" help:"Time control of the games, minutes+seconds. Keep it long enough that no flag falls while the server restarts."`
	Patience     time.Duration `default:"2m" help:"How long the server may be unreachable, and how long a finished game may take to appear in history."`
}

func (c replayCmd) Run(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("open games: %w", err)
	}
	defer file.Close()
	bar, err := c.progressBar(file)
	if err != nil {
		return err
	}
	cfg.Progress = func() { _ = bar.Add(1) } // a closed terminal must not stop the replay
	report, err := replay.Run(ctx, cfg, file)
	_ = bar.Exit()
	if err := errors.Join(err, report.Print(os.Stdout)); err != nil {
		return err
	}
	return report.Err()
}

func (c replayCmd) config() (replay.Config, error) {
	cfg := replay.Config{
		URL: c.Url, ServiceToken: c.ServiceToken, Games: c.Games, Concurrency: c.Concurrency,
		ViaQueue: c.ViaQueue, Pools: slowPools(), Patience: c.Patience,
	}
	if c.Url == "" || c.ServiceToken == "" && !c.ViaQueue {
		e, err := readEndpoints(c.Data)
		if err != nil {
			return cfg, fmt.Errorf("no running platform in %s: set --url and --service-token, or --data: %w", c.Data, err)
		}
		cfg.URL, cfg.ServiceToken = cmp.Or(c.Url, e.URL), cmp.Or(c.ServiceToken, e.ServiceToken)
	}
	var err error
	cfg.TimeControl, err = parseTimeControl(c.TimeControl)
	return cfg, err
}

// parseTimeControl parses minutes+seconds.
func parseTimeControl(text string) (schemas.TimeControl, error) {
	before, after, _ := strings.Cut(text, "+")
	minutes, err := strconv.ParseUint(before, 10, 16)
	seconds, err2 := strconv.ParseUint(after, 10, 16)
	if err != nil || err2 != nil {
		return schemas.TimeControl{}, fmt.Errorf("--time-control %q is not minutes+seconds", text)
	}
	tc := schemas.TimeControl{InitialCs: int64(minutes) * 6000, IncrementCs: int64(seconds) * 100}
	if err := tc.Validate(); err != nil {
		return tc, fmt.Errorf("--time-control %s: %w", text, err)
	}
	return tc, nil
}

// slowPools lists the pools in which no flag falls while a server restarts.
func slowPools() []string {
	return slices.DeleteFunc(schemas.Pools(), func(pool string) bool {
		tc, _ := schemas.PoolTimeControl(pool)
		return tc.InitialCs < 5*60*100 || !schemas.PoolRated(pool)
	})
}

// progressBar shows the number of games done, if standard error is a terminal.
func (c replayCmd) progressBar(file *os.File) (*progressbar.ProgressBar, error) {
	if !isatty.IsTerminal(os.Stderr.Fd()) {
		return progressbar.DefaultSilent(-1), nil
	}
	games, err := pgn.Count(file)
	if err != nil {
		return nil, fmt.Errorf("count games: %w", err)
	}
	if c.Games > 0 {
		games = min(games, c.Games)
	}
	if _, err := file.Seek(0, 0); err != nil {
		return nil, fmt.Errorf("rewind games: %w", err)
	}
	return progressbar.NewOptions(games, progressbar.OptionSetDescription("games"), progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish()), nil
}
