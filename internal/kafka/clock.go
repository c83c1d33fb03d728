package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// BrokerTime returns the broker's time: it produces a record to broker-clock,
// which the broker timestamps, and reads it back. The result is a few milliseconds
// old.
func BrokerTime(ctx context.Context, cfg Config, p *Producer) (time.Time, error) {
	tick := &kgo.Record{Topic: schemas.BrokerClock, Value: []byte("{}")}
	if err := p.SendRecords(ctx, tick); err != nil {
		return time.Time{}, fmt.Errorf("ask for broker time: %w", err)
	}
	client, err := kgo.NewClient(append(cfg.Opts(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
		tick.Topic: {tick.Partition: kgo.NewOffset().At(tick.Offset)},
	}))...)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask for broker time: %w", err)
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return time.Time{}, fmt.Errorf("ask for broker time: %w", err)
		}
		if err := fetches.Err(); err != nil {
			return time.Time{}, fmt.Errorf("ask for broker time: %w", err)
		}
		for _, r := range fetches.Records() {
			if r.Offset == tick.Offset {
				return r.Timestamp, nil
			}
		}
	}
}
