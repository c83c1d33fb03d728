package readiness

import (
	"context"
	"time"
)

const (
	pingEvery   = 500 * time.Millisecond
	pingTimeout = time.Second
)

// Ping calls ping now and every 500 ms until ctx is done, and observe with each
// outcome. A ping fails after a second. A service that pings Kafka this way notices an
// outage within two seconds.
func Ping(ctx context.Context, ping func(context.Context) error, observe func(error)) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		bounded, cancel := context.WithTimeout(ctx, pingTimeout)
		err := ping(bounded)
		cancel()
		if ctx.Err() != nil {
			return
		}
		observe(err)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
