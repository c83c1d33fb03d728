package livegame

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/auth"
	"tabiya/internal/core/player"
	"tabiya/internal/httpx"
	"tabiya/internal/kafka"
	"tabiya/schemas"
	"tabiya/services/livegame/finished"
)

// Sender sends commands and dead letters; *kafka.Producer. It calls done from
// another goroutine; done must not block.
type Sender interface {
	SendAsync(m schemas.Message, done func(error))
	SendRecordAsync(r *kgo.Record, done func(error))
}

// Players is the index of players by id; *tables.View. The caller runs it.
type Players interface {
	// WaitFor returns the row of a player, and waits for it until ctx is done.
	WaitFor(ctx context.Context, playerID string) (row *player.State, ok bool)
	// Get returns the row if it is known.
	Get(playerID string) (row *player.State, ok bool)
}

// Config of the service. All fields without a default must be set.
type Config struct {
	Kafka    kafka.Config // game-events, games-table and command-replies are read from it
	Commands Sender
	Players  Players
	Verifier *auth.Verifier
	// Origins are the web sites whose pages may open sockets.
	Origins httpx.Origins
	// History knows when games were played that are not held any more, so that their
	// events can be found in the log. Nil: they are not streamed.
	History finished.History
	// Regions in which a service may create a game; the first is the default.
	Regions    []string
	Logger     *slog.Logger
	Registerer prometheus.Registerer

	// AnswerTimeout is how long a request waits for its event. Default 5 s.
	AnswerTimeout time.Duration
	// Linger is how long a finished game is still held, for clients that want to
	// see its end. Default 1 minute.
	Linger time.Duration
	// RereadPause is the pause before the row of a game that lacks an event is read a
	// second time. It doubles after each try. Default 250 ms.
	RereadPause time.Duration
	// MaxFinished bounds the finished games that are held. Default 50,000.
	MaxFinished int
	// MaxInFlight bounds the commands that wait for their events. Default 10,000.
	MaxInFlight int
	// MaxConnections bounds sockets and streams together, of which a quarter is kept
	// for the players of the games. Default 20,000.
	MaxConnections int
	// MaxPerPlayer bounds the sockets and streams of one player. Default 64.
	MaxPerPlayer int
	// MaxPerAddress bounds those from one address. Default 0, no bound.
	MaxPerAddress int
	// FrameRate is how many frames a second a socket, and requests a second a
	// player of a game, may send, with two seconds' worth at once, 128 at most.
	// Default 500.
	FrameRate int
	// MaxLogBytes bounds what is read of the log for one finished game, in bytes, and
	// LogBytesPerSecond how much of it a second. Default 256 MiB and 64 MiB/s.
	MaxLogBytes       int64
	LogBytesPerSecond int64

	// Only tests set these; see export_test.go.
	now          func() time.Time // held.Config.Now
	writeTimeout time.Duration    // wsconn.Options.WriteTimeout
}

// Validate sets defaults and reports the first thing that cannot work.
func (c *Config) Validate() error {
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, 5*time.Second)
	c.Linger = cmp.Or(c.Linger, time.Minute)
	c.RereadPause = cmp.Or(c.RereadPause, 250*time.Millisecond)
	c.MaxFinished = cmp.Or(c.MaxFinished, 50_000)
	c.MaxInFlight = cmp.Or(c.MaxInFlight, 10_000)
	c.MaxConnections = cmp.Or(c.MaxConnections, 20_000)
	c.MaxPerPlayer = cmp.Or(c.MaxPerPlayer, 64)
	c.FrameRate = cmp.Or(c.FrameRate, 500)
	c.MaxLogBytes = cmp.Or(c.MaxLogBytes, 256<<20)
	c.LogBytesPerSecond = cmp.Or(c.LogBytesPerSecond, 64<<20)
	switch {
	case c.Commands == nil || c.Players == nil || c.Verifier == nil || c.Logger == nil || c.Registerer == nil:
		return errors.New("livegame: Commands, Players, Verifier, Logger and Registerer must be set")
	case len(c.Regions) == 0:
		return errors.New("livegame: no regions")
	case min(c.AnswerTimeout, c.Linger, c.RereadPause) < 0,
		min(c.MaxFinished, c.MaxInFlight, c.MaxConnections, c.MaxPerPlayer, c.MaxPerAddress, c.FrameRate) < 0,
		min(c.MaxLogBytes, c.LogBytesPerSecond) < 0:
		return errors.New("livegame: a limit is negative")
	}
	for _, region := range c.Regions {
		if !schemas.ValidRegion(region) {
			return fmt.Errorf("livegame: %q cannot be a region", region)
		}
	}
	return c.Kafka.Validate()
}
