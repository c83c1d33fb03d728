package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"tabiya/internal/embedded/pgchild"
	"tabiya/internal/objstore"
)

// Bucket is the bucket's name in the embedded store; Start makes it.
const Bucket = "tabiya"

// closeTimeout bounds Close, whatever its context says.
const closeTimeout = 10 * time.Second

// Config says which parts to start, and where their data lies.
type Config struct {
	DataDir string       // made if missing
	Logger  *slog.Logger // default: none

	Kafka    bool
	Postgres bool
	S3       bool
}

// Instance is the parts that run.
type Instance struct {
	lock     *lock
	broker   *broker
	gateway  *gateway
	postgres *pgchild.Server
}

// Start starts the parts, all at once, and returns when each answers. If
// another process runs over the folder it returns ErrLocked.
func Start(ctx context.Context, cfg Config) (_ *Instance, err error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(cfg.DataDir)
	if err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { // what is secret in here has its own mode
		return nil, fmt.Errorf("data folder: %w", err)
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
	return all(parts)
}

// all runs the parts at the same time and waits for all of them.
func all(parts []func() error) error {
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

// KafkaBrokers are the broker's addresses; none if it is not embedded.
func (i *Instance) KafkaBrokers() []string {
	if i.broker == nil {
		return nil
	}
	return i.broker.addrs
}

// KafkaDial connects to the broker from this process, past the kernel; nil if it
// is not embedded.
func (i *Instance) KafkaDial() func(ctx context.Context, network, address string) (net.Conn, error) {
	if i.broker == nil {
		return nil
	}
	return i.broker.gate.dial
}

// PostgresDSN is how to connect, password included; empty if it is not embedded.
func (i *Instance) PostgresDSN() string {
	if i.postgres == nil {
		return ""
	}
	return i.postgres.DSN()
}

// PostgresPID is the child's process now; 0 if it is not embedded.
func (i *Instance) PostgresPID() int {
	if i.postgres == nil {
		return 0
	}
	return i.postgres.PID()
}

// S3 is how to reach the bucket; zero if the store is not embedded.
func (i *Instance) S3() objstore.Config {
	if i.gateway == nil {
		return objstore.Config{}
	}
	return i.gateway.config
}

// Close stops the parts, all at once, in at most ten seconds, and gives the
// folder free. What used them has to have stopped before.
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
	return errors.Join(all(parts), i.lock.release())
}
