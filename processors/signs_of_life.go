package processors

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/follow"
	"tabiya/schemas"
)

// signsOfLife follows the signs of life that instances of services send: those of
// matchmaking say that they hold leases, those of livegame that they take moves. Where no
// livegame does, nobody can move, and the owner of a partition sends no pulse.
type signsOfLife struct {
	cfg    kafka.Config
	logger *slog.Logger
	hears  HearsInstances        // nil if nobody asks
	last   atomic.Int64          // when one was read, in Unix nanoseconds
	failed atomic.Pointer[error] // why they are not read, nil while they are
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

// startTimeout limits how long a new client looks for the end of broker-clock. It is
// shorter than the silence after which an instance counts as dead, so that none does while
// nothing is read.
const startTimeout = 3 * time.Second

func newSignsOfLife(cfg kafka.Config, logger *slog.Logger, hears HearsInstances) *signsOfLife {
	return &signsOfLife{cfg: cfg, logger: logger, hears: hears}
}

// run reads until ctx is done. After an error it begins again at the end, with a new
// client: the old one would ask for the id of a topic that was created again for ever.
func (l *signsOfLife) run(ctx context.Context) {
	for failing := false; ; {
		err := l.follow(ctx, func() {
			if failing {
				l.logger.Info("signs of life are read again", "topic", schemas.BrokerClock)
			}
			failing = false
		})
		if ctx.Err() != nil {
			return
		}
		l.failed.Store(&err)
		l.listen()
		if !failing {
			l.logger.Warn("signs of life are not read: no clock runs and nobody is paired until they are", "topic", schemas.BrokerClock, "err", err)
		}
		failing = true
		select {
		case <-ctx.Done():
		case <-time.After(schemas.SignOfLifeEvery):
		}
	}
}

// follow reads from the present end on until ctx is done or reading fails.
func (l *signsOfLife) follow(ctx context.Context, began func()) error {
	client, err := kgo.NewClient(l.cfg.Opts()...)
	if err != nil {
		return err
	}
	defer client.Close()
	starting, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	reader, err := follow.Start(starting, client, nil, follow.Topic{Name: schemas.BrokerClock})
	if err != nil {
		return err
	}
	l.listen()
	return reader.Run(ctx, follow.Handler{Records: l.take, CaughtUp: func() {
		l.failed.Store(nil)
		began()
	}})
}

func (l *signsOfLife) listen() {
	if l.hears != nil {
		l.hears.Listen()
	}
}

func (l *signsOfLife) take(records []*kgo.Record) {
	for _, r := range records {
		key := string(r.Key)
		if key == schemas.SignOfLife {
			l.last.Store(time.Now().UnixNano())
		}
		if instance, ok := strings.CutPrefix(key, schemas.InstanceSign); ok && l.hears != nil {
			l.hears.Hear(instance)
		}
	}
}

// recent reports whether an instance takes moves. A nil l says no.
func (l *signsOfLife) recent() bool {
	return l != nil && time.Since(time.Unix(0, l.last.Load())) < maxSilence
}

// err says why signs of life are not read. It is nil while they are, also if nobody
// sends any. A nil l needs none.
func (l *signsOfLife) err() error {
	if l == nil {
		return nil
	}
	if err := l.failed.Load(); err != nil {
		return fmt.Errorf("read signs of life: %w", *err)
	}
	return nil
}
