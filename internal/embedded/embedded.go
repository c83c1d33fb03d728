package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"tabiya/internal/embedded/pgchild"
	"tabiya/internal/kafka"
	"tabiya/internal/objstore"
)

// Bucket is the name of the bucket that Start creates in the embedded store.
const Bucket = "tabiya"

// closeTimeout bounds Close, whatever its context says.
const closeTimeout = 10 * time.Second

// Config says which parts to start, and where to store their data.
type Config struct {
	DataDir string       // created if missing
	Logger  *slog.Logger // nil: no logs

	Kafka    bool
	Postgres bool
	S3       bool
}

// Instance is a set of running parts.
type Instance struct {
	lock     *lock
	broker   *broker
	gateway  *gateway
	postgres *pgchild.Server
}

// Start starts the parts at the same time and returns when each answers. Returns
// ErrLocked if another process uses the data folder.
func Start(ctx context.Context, cfg Config) (_ *Instance, err error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(cfg.DataDir)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := makeDataFolder(dir); err != nil {
		return nil, err
	}
	i := &Instance{}
	if i.lock, err = acquire(dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
			defer cancel()
			err = errors.Join(err, i.Close(stop))
		}
	}()
	return i, i.start(ctx, cfg, dir)
}

func (i *Instance) start(ctx context.Context, cfg Config, dir string) error {
	var parts []func() error
	if cfg.Kafka {
		parts = append(parts, func() (err error) {
			i.broker, err = startBroker(dir, cfg.Logger)
			return err
		})
	}
	if cfg.S3 {
		parts = append(parts, func() (err error) {
			i.gateway, err = startGateway(ctx, dir, cfg.Logger)
			return err
		})
	}
	if cfg.Postgres {
		parts = append(parts, func() (err error) {
			home := filepath.Join(dir, "postgres")
			i.postgres, err = pgchild.Start(ctx, pgchild.Config{Dir: home, Logger: cfg.Logger})
			return err
		})
	}
	return runAll(parts)
}

// runAll runs functions at the same time, waits for all of them and joins their errors.
func runAll(parts []func() error) error {
	errs := make(chan error, len(parts))
	for _, part := range parts {
		go func() { errs <- part() }()
	}
	var failed []error
	for range parts {
		failed = append(failed, <-errs)
	}
	return errors.Join(failed...)
}

// KafkaBrokers returns the broker's addresses; none if it is not embedded.
func (i *Instance) KafkaBrokers() []string {
	if i.broker == nil {
		return nil
	}
	return i.broker.addrs
}

// KafkaSASL returns how to log in to the broker; zero if it is not embedded.
func (i *Instance) KafkaSASL() kafka.SASL {
	if i.broker == nil {
		return kafka.SASL{}
	}
	return kafka.SASL{Mechanism: kafka.ScramSHA256, User: kafkaUser, Password: i.broker.password}
}

// KafkaDial returns a function that connects to the broker in memory, without TCP; nil if
// it is not embedded.
func (i *Instance) KafkaDial() func(ctx context.Context, network, address string) (net.Conn, error) {
	if i.broker == nil {
		return nil
	}
	return i.broker.listener.dial
}

// PostgresDSN returns how to connect, with the password; empty if it is not embedded.
func (i *Instance) PostgresDSN() string {
	if i.postgres == nil {
		return ""
	}
	return i.postgres.DSN()
}

// PostgresPID returns the child's present process id; 0 if it is not embedded.
func (i *Instance) PostgresPID() int {
	if i.postgres == nil {
		return 0
	}
	return i.postgres.PID()
}

// S3 returns how to reach the bucket; zero if the store is not embedded.
func (i *Instance) S3() objstore.Config {
	if i.gateway == nil {
		return objstore.Config{}
	}
	return i.gateway.config
}

// Close stops the parts at the same time, in at most ten seconds, and unlocks the data
// folder. Their clients must have stopped before.
func (i *Instance) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	var parts []func() error
	if i.broker != nil {
		parts = append(parts, func() error { return i.broker.close(ctx) })
	}
	if i.gateway != nil {
		parts = append(parts, func() error { return i.gateway.close(ctx) })
	}
	if i.postgres != nil {
		parts = append(parts, func() error { return i.postgres.Close(ctx) })
	}
	return errors.Join(runAll(parts), i.lock.release())
}
