package processors

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// signsOfLife follows the signs of life that instances of services send: those of
// matchmaking say that they hold leases, those of livegame that they take moves. Where no livegame does, nobody can move, and the owner of a partition sends no
// pulse.
type signsOfLife struct {
	client *kgo.Client
	hears  HearsInstances // nil if nobody asks
	last   atomic.Int64   // when one was read, in Unix nanoseconds
}

// HearsInstances is a Core that wants to know which instances of the matchmaking service
// live. Its methods are called by one goroutine at a time.
type HearsInstances interface {
	// Listen says that signs are read from now on: nothing is known of before.
	Listen()
	// Hear says that a sign of an instance was read.
	Hear(instance string)
}

// maxSilence is how long a sign of life counts: instances send one every
// schemas.SignOfLifeEvery.
const maxSilence = 4 * schemas.SignOfLifeEvery

func newSignsOfLife(cfg kafka.Config, hears HearsInstances) (*signsOfLife, error) {
	client, err := kgo.NewClient(append(cfg.Opts(), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
		schemas.BrokerClock: {0: kgo.NewOffset().AtEnd()},
	}))...)
	if err != nil {
		return nil, err
	}
	return &signsOfLife{client: client, hears: hears}, nil
}

// run reads until ctx is done. Errors mean that nothing is read, and the client tries
// again.
func (l *signsOfLife) run(ctx context.Context) {
	defer l.client.Close()
	l.listen()
	for ctx.Err() == nil {
		fetches := l.client.PollFetches(ctx)
		for _, r := range fetches.Records() {
			key := string(r.Key)
			if key == schemas.SignOfLife {
				l.last.Store(time.Now().UnixNano())
			}
			if instance, ok := strings.CutPrefix(key, schemas.InstanceSign); ok && l.hears != nil {
				l.hears.Hear(instance)
			}
		}
		if len(fetches.Errors()) > 0 {
			l.listen()
			select {
			case <-ctx.Done():
			case <-time.After(schemas.SignOfLifeEvery):
			}
		}
	}
}

func (l *signsOfLife) listen() {
	if l.hears != nil {
		l.hears.Listen()
	}
}

// recent reports whether an instance takes moves. A nil l says no.
func (l *signsOfLife) recent() bool {
	return l != nil && time.Since(time.Unix(0, l.last.Load())) < maxSilence
}
