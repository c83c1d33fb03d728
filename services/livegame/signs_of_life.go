package livegame

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// giveSignsOfLife tells the games processors, until ctx is done, that this instance
// takes moves. While no instance does, the clocks of all games stand still (ADR 32).
func (s *Service) giveSignsOfLife(ctx context.Context) {
	tick := time.NewTicker(schemas.SignOfLifeEvery)
	defer tick.Stop()
	var underway atomic.Bool // one at a time, so that an outage does not queue them up
	for {
		if s.availability.WhyNoCommands() == "" && !underway.Swap(true) {
			sign := &kgo.Record{Topic: schemas.BrokerClock, Key: []byte(schemas.SignOfLife), Value: []byte("{}")}
			s.cfg.Commands.SendRecordAsync(sign, func(error) { underway.Store(false) })
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
