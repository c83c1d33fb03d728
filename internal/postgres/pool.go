package postgres

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	connectTimeout = 5 * time.Second
	// idleInTransactionTimeout ends the transaction of a process that froze in the
	// middle of it, which would otherwise lock the sinks' offsets.
	idleInTransactionTimeout = "60s"
)

// Open creates a pool and checks that the database answers. Returns ErrUnavailable if
// it does not within five seconds.
func Open(ctx context.Context, dsn string) (*pgxpool.Pool, error) {
	pool, err := New(ctx, dsn)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open postgres: %w", Unavailable(err))
	}
	return pool, nil
}

// New creates a pool that connects at its first use. Settings in the DSN
// (pool_max_conns, connect_timeout, application_name, ...) override the defaults here.
func New(ctx context.Context, dsn string) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("parse postgres dsn: %w", err)
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		cfg.MaxConns = int32(max(8, 4*runtime.GOMAXPROCS(0)))
	}
	if cfg.ConnConfig.ConnectTimeout == 0 || cfg.ConnConfig.ConnectTimeout > time.Minute {
		cfg.ConnConfig.ConnectTimeout = connectTimeout
	}
	setDefault(cfg.ConnConfig.RuntimeParams, "application_name", "tabiya")
	setDefault(cfg.ConnConfig.RuntimeParams, "idle_in_transaction_session_timeout", idleInTransactionTimeout)

	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open postgres: %w", Unavailable(err))
	}
	return pool, nil
}

func setDefault(params map[string]string, key, value string) {
	if _, set := params[key]; !set {
		params[key] = value
	}
}
