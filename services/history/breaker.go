package history

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"

	"tabiya/internal/postgres"
)

const (
	// queryTimeout bounds one read.
	queryTimeout = 5 * time.Second
	// After failuresToOpen reads in a row that found the database away, nobody
	// waits for it any more; every openFor one read is let through to look.
	failuresToOpen = 3
	openFor        = time.Second
)

// breaker keeps requests from queueing up before a database that is away: they
// are refused at once.
type breaker struct {
	circuit *gobreaker.CircuitBreaker[any]
}

func newBreaker(logger *slog.Logger, registerer prometheus.Registerer) breaker {
	open := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tabiya_history_breaker_open",
		Help: "1 while reads are refused because the database is away.",
	})
	registerer.MustRegister(open)
	return breaker{gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
		Name:         "postgres",
		MaxRequests:  1,
		Timeout:      openFor,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= failuresToOpen },
		IsSuccessful: func(err error) bool { return !errors.Is(err, postgres.ErrUnavailable) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			logger.Warn("the way to postgres changes", "from", from.String(), "to", to.String())
			if to == gobreaker.StateClosed {
				open.Set(0)
			} else {
				open.Set(1)
			}
		},
	})}
}

// Do runs one read. A database that is away, or was a moment ago, is
// postgres.ErrUnavailable.
func (b breaker) Do(ctx context.Context, read func(context.Context) error) error {
	_, err := b.circuit.Execute(func() (any, error) {
		ctx, cancel := context.WithTimeout(ctx, queryTimeout)
		defer cancel()
		return nil, postgres.Unavailable(read(ctx))
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return fmt.Errorf("%w: %w", postgres.ErrUnavailable, err)
	}
	return err
}
