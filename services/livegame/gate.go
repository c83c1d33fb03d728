package livegame

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/readiness"
)

// gate says whether commands can be answered at present. While it is shut they
// are refused at once instead of piling up behind a broker that is away.
type gate struct {
	caughtUp atomic.Bool
	leaving  atomic.Bool
	away     atomic.Bool
	// unacked is when the oldest command was sent that Kafka has not taken yet,
	// in Unix nanoseconds; 0 if there is none.
	unacked atomic.Int64
	// opened is when it was shut last, in Unix milliseconds. Until then nobody could
	// be told to be there, see departures.from.
	opened atomic.Int64
	// kafka is what is known of it for readiness, which one missed ping does not end.
	kafka *readiness.Dependency
}

var errAway = errors.New("no answer to a ping, or no acknowledgement of a command")

const (
	pingEvery   = 500 * time.Millisecond
	pingTimeout = time.Second
	// ackPatience is how long Kafka may take for a command before it counts as away.
	ackPatience = 1500 * time.Millisecond
)

// shut tells why no command can be answered; empty if it can.
func (g *gate) shut() string {
	if g.away.Load() {
		return "Kafka is away"
	}
	return g.unread()
}

// unread tells why no game can be shown; empty if it can: what was read may be
// shown while Kafka is away.
func (g *gate) unread() string {
	switch {
	case g.leaving.Load():
		return "the service is stopping"
	case !g.caughtUp.Load():
		return "the games are still being read"
	}
	return ""
}

// ready is nil for an instance that requests should be sent to. It is while commands
// are refused because Kafka missed a ping: what was read can be shown, watchers stay,
// and another instance would ask the same brokers.
func (g *gate) ready() error {
	if why := g.unread(); why != "" {
		return errors.New(why)
	}
	return g.kafka.Err()
}

// probe asks Kafka again and again whether it is there, until ctx is done.
func (g *gate) probe(ctx context.Context, client *kgo.Client) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		bounded, cancel := context.WithTimeout(ctx, pingTimeout)
		err := client.Ping(bounded)
		cancel()
		if ctx.Err() == nil {
			g.see(err != nil || g.stuck())
		}
	}
}

// see notes whether Kafka is away.
func (g *gate) see(away bool) {
	if away {
		g.kafka.Saw(errAway)
	} else {
		g.kafka.Saw(nil)
	}
	if !away && g.away.Load() {
		g.opened.Store(time.Now().UnixMilli())
	}
	g.away.Store(away)
}

// readAll notes that what was in the log is read.
func (g *gate) readAll() {
	if !g.caughtUp.Load() {
		g.opened.Store(time.Now().UnixMilli())
	}
	g.kafka.Saw(nil)
	g.caughtUp.Store(true)
}

func (g *gate) stuck() bool {
	at := g.unacked.Load()
	return at != 0 && time.Since(time.Unix(0, at)) > ackPatience
}
