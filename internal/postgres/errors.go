package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// ErrUnavailable means that the database is unreachable or has no resources left: the
// same call can succeed later.
var ErrUnavailable = errors.New("postgres is unavailable")

// Unavailable wraps err in ErrUnavailable if it means that, and returns any other err,
// including nil, unchanged. A statement that fails with ErrUnavailable may have been
// carried out.
func Unavailable(err error) error {
	if err == nil || errors.Is(err, ErrUnavailable) || !unavailable(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func unavailable(err error) bool {
	if errors.Is(err, context.Canceled) { // the caller's doing, not the database's
		return false
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return unavailableState(pgErr.Code)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok { // includes timeouts and context.DeadlineExceeded
		return true
	}
	// Nothing was sent because the connection was closed, or the connection broke in a
	// transaction, which the server then rolled back.
	if pgconn.SafeToRetry(err) || errors.Is(err, pgx.ErrTxClosed) || errors.Is(err, pgx.ErrTxCommitRollback) {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, puddle.ErrClosedPool)
}

// unavailableState reports whether a SQLSTATE means that the database is unavailable,
// see https://www.postgresql.org/docs/current/errcodes-appendix.html.
func unavailableState(code string) bool {
	switch code {
	case "57P01", "57P02", "57P03", // admin shutdown, crash shutdown, cannot connect now
		"57P05", // idle session timeout
		"25P03", // idle in transaction session timeout
		"25006": // read-only transaction: the primary has become a standby
		return true
	}
	// Class 08, connection exception; class 53, insufficient resources.
	return len(code) == 5 && (code[:2] == "08" || code[:2] == "53")
}
