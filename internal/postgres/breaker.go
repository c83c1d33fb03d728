package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"
)

const (
	// queryTimeout bounds one query or transaction of a request.
	queryTimeout = 5 * time.Second
	// After FailuresToOpen of them in a row that found the database away, nobody
	// waits for it any more; every openFor one is let through to look.
	FailuresToOpen = 3
	openFor        = time.Second
)

// Breaker keeps a service's requests from queueing up before a database that is
// away: they are refused at once.
type Breaker struct {
	circuit *gobreaker.CircuitBreaker[any]
}

// NewBreaker makes a service's breaker.
func NewBreaker(service string, logger *slog.Logger, registerer prometheus.Registerer) Breaker {
	open := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tabiya_" + service + "_breaker_open",
		Help: "1 while requests are refused because the database is away.",
	})
	registerer.MustRegister(open)
	return Breaker{gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
		Name:         "postgres",
		MaxRequests:  1,
		Timeout:      openFor,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= FailuresToOpen },
		IsSuccessful: func(err error) bool { return !errors.Is(err, ErrUnavailable) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			logger.Warn("the way to postgres changes", "service", service, "from", from.String(), "to", to.String())
			if to == gobreaker.StateClosed {
				open.Set(0)
			} else {
				open.Set(1)
			}
		},
	})}
}

// Do runs one query or transaction. A database that is away, or was a moment ago,
// is ErrUnavailable.
func (b Breaker) Do(ctx context.Context, query func(context.Context) error) error {
	_, err := b.circuit.Execute(func() (any, error) {
		ctx, cancel := context.WithTimeout(ctx, queryTimeout)
		defer cancel()
		return nil, Unavailable(query(ctx))
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}
