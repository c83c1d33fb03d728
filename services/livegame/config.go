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

// Sender sends commands and dead letters. *kafka.Producer implements it. It calls
// done from another goroutine; done must not block.
type Sender interface {
	SendAsync(m schemas.Message, done func(error))
	SendRecordAsync(r *kgo.Record, done func(error))
}

// Players is the view of the players table. *tables.View implements it; the caller
// must run it.
type Players interface {
	// WaitFor returns the row of a player. It waits for the row until ctx is done;
	// then ok is false.
	WaitFor(ctx context.Context, playerID string) (row *player.State, ok bool)
	// Get returns the row of a player; ok is false if the view has none.
	Get(playerID string) (row *player.State, ok bool)
	// Find returns the row of the player with a handle in lower case.
	Find(handle string) (row *player.State, ok bool)
}

// Config configures a Service. All fields without a default must be set.
type Config struct {
	Kafka kafka.Config // game-events, games-table and command-replies are read from it
	// Counts tells over how many partitions games are spread. Nil: over all that
	// game-events has when Run begins.
	Counts   kafka.Counts
	Commands Sender
	Players  Players
	Verifier *auth.Verifier
	// Origins are the web sites whose pages may open sockets.
	Origins httpx.Origins
	// History finds the row of a finished game. If nil, finished games that this
	// instance does not remember are not streamed.
	History finished.History
	// Regions are those in which a service may create a game; the first is the default.
	Regions    []string
	Logger     *slog.Logger
	Registerer prometheus.Registerer

	// AnswerTimeout is how long a request waits for its event. Default 5 s.
	AnswerTimeout time.Duration
	// Linger is how long a finished game is still held, so that late clients see its
	// end. Default 1 minute.
	Linger time.Duration
	// RereadPause is the wait between two reads of a row that lacks an event. It
	// doubles after each read. Default 250 ms.
	RereadPause time.Duration
	// MaxFinished limits the finished games that are held. Default 50,000.
	MaxFinished int
	// MaxInFlight limits the commands that wait for their events. Default 10,000.
	MaxInFlight int
	// MaxConnections limits the sockets and streams of this instance. A quarter is
	// reserved for players of running games, who are always admitted. Default 20,000.
	MaxConnections int
	// MaxPerPlayer limits one player's sockets and streams to games that they do not
	// play. Default 64.
	MaxPerPlayer int
	// MaxPerAddress limits the sockets and streams of watchers from one address, for IPv6
	// from one /64. Default: a tenth of MaxConnections.
	MaxPerAddress int
	// MessagesPerSecond is each player's pace: the frames, and the requests that change a
	// game, in all games together. Bursts: twice that, at most 128. Default 50. A fifth of
	// it is how many connections a player may open a second (five times that at once), and
	// how many frames a socket without a player's token may send.
	MessagesPerSecond int
	// MaxPerPlayerInFlight limits each player's commands that wait for their events.
	// Default 8.
	MaxPerPlayerInFlight int
	// RefusedPerSecond is how many refused commands a second each player may send, ten
	// times that at once. Beyond, what cannot succeed by the state that this instance has
	// does not reach Kafka. Default 2.
	RefusedPerSecond int
	// MaxLogBytes limits how much of the log is read for one finished game, in bytes.
	// Default 256 MiB. LogBytesPerSecond limits the speed. Default 64 MiB/s.
	MaxLogBytes       int64
	LogBytesPerSecond int64

	// Only tests set these; see export_test.go.
	now          func() time.Time // held.Config.Now
	writeTimeout time.Duration    // wsconn.Options.WriteTimeout
}

// opensPerSecond is how many connections a player may open a second.
func opensPerSecond(c Config) int { return max(1, c.MessagesPerSecond/5) }

// Validate sets defaults and reports the first thing that cannot work.
func (c *Config) Validate() error {
	c.AnswerTimeout = cmp.Or(c.AnswerTimeout, 5*time.Second)
	c.Linger = cmp.Or(c.Linger, time.Minute)
	c.RereadPause = cmp.Or(c.RereadPause, 250*time.Millisecond)
	c.MaxFinished = cmp.Or(c.MaxFinished, 50_000)
	c.MaxInFlight = cmp.Or(c.MaxInFlight, 10_000)
	c.MaxConnections = cmp.Or(c.MaxConnections, 20_000)
	c.MaxPerPlayer = cmp.Or(c.MaxPerPlayer, 64)
	c.MaxPerAddress = cmp.Or(c.MaxPerAddress, max(1, c.MaxConnections/10))
	c.MessagesPerSecond = cmp.Or(c.MessagesPerSecond, 50)
	c.MaxPerPlayerInFlight = cmp.Or(c.MaxPerPlayerInFlight, 8)
	c.RefusedPerSecond = cmp.Or(c.RefusedPerSecond, 2)
	c.MaxLogBytes = cmp.Or(c.MaxLogBytes, 256<<20)
	c.LogBytesPerSecond = cmp.Or(c.LogBytesPerSecond, 64<<20)
	switch {
	case c.Commands == nil || c.Players == nil || c.Verifier == nil || c.Logger == nil || c.Registerer == nil:
		return errors.New("livegame: Commands, Players, Verifier, Logger and Registerer must be set")
	case len(c.Regions) == 0:
		return errors.New("livegame: no regions")
	case min(c.AnswerTimeout, c.Linger, c.RereadPause) < 0,
		min(c.MaxFinished, c.MaxInFlight, c.MaxConnections, c.MaxPerPlayer, c.MaxPerAddress, c.MessagesPerSecond) < 0,
		min(c.MaxPerPlayerInFlight, c.RefusedPerSecond) < 0,
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
