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
	// FailuresToOpen is how many calls in a row have to find the database unavailable
	// for the breaker to open. While it is open, one call each openFor is tried.
	FailuresToOpen = 3
	openFor        = time.Second
)

// Breaker is a circuit breaker: while the database is unavailable, it fails a service's
// requests at once instead of letting them queue.
type Breaker struct {
	circuit *gobreaker.CircuitBreaker[any]
}

// NewBreaker creates a service's breaker and registers its gauge.
func NewBreaker(service string, logger *slog.Logger, registerer prometheus.Registerer) Breaker {
	open := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tabiya_" + service + "_breaker_open",
		Help: "1 while requests fail at once because the database is unavailable.",
	})
	registerer.MustRegister(open)
	return Breaker{gobreaker.NewCircuitBreaker[any](gobreaker.Settings{
		Name:         "postgres",
		MaxRequests:  1,
		Timeout:      openFor,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= FailuresToOpen },
		IsSuccessful: func(err error) bool { return !errors.Is(err, ErrUnavailable) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			logger.Warn("postgres circuit breaker changed state", "service", service, "from", from.String(), "to", to.String())
			if to == gobreaker.StateClosed {
				open.Set(0)
			} else {
				open.Set(1)
			}
		},
	})}
}

// Do runs one query or transaction. Returns ErrUnavailable if the database is
// unavailable, or if the breaker is open.
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
