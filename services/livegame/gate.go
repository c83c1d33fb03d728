package livegame

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
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
}

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
			g.away.Store(err != nil || g.stuck())
		}
	}
}

func (g *gate) stuck() bool {
	at := g.unacked.Load()
	return at != 0 && time.Since(time.Unix(0, at)) > ackPatience
}
