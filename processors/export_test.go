package processors

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// NewStallDetector and Check export the stall detector to its test.
var NewStallDetector = newStallDetector

func (d *stallDetector) Check() error { return d.check() }

// ReplayFilter, Load and Written export the replay filter to its test.
type ReplayFilter = replayFilter

// NewReplayFilter makes one.
var NewReplayFilter = newReplayFilter

// LeastReplayRead is how many events it reads at least.
const LeastReplayRead = leastReplayRead

func (f *replayFilter) Load(ctx context.Context, client *kgo.Client, topic string, partition int32, place int64, first time.Time) error {
	return f.load(ctx, client, topic, partition, place, first)
}

func (f *replayFilter) Written(eventID string) bool { return f.written(eventID) }
