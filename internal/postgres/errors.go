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

// ErrUnavailable says that the database is away, or has no room for us now: the
// same call can succeed later.
var ErrUnavailable = errors.New("postgres is unavailable")

// Unavailable makes err match ErrUnavailable if that is what it means, and
// gives every other error, nil included, back as it is. A statement that fails
// so may have been carried out all the same.
func Unavailable(err error) error {
	if err == nil || errors.Is(err, ErrUnavailable) || !away(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func away(err error) bool {
	if errors.Is(err, context.Canceled) { // the caller went away, not the database
		return false
	}
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return awayState(pgErr.Code)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok { // covers timeouts, context.DeadlineExceeded too
		return true
	}
	// Nothing was sent, as the connection was found dead; or it died under a
	// transaction, which nobody has carried out then.
	if pgconn.SafeToRetry(err) || errors.Is(err, pgx.ErrTxClosed) || errors.Is(err, pgx.ErrTxCommitRollback) {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, puddle.ErrClosedPool)
}

// awayState judges a SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html.
func awayState(code string) bool {
	switch code {
	case "57P01", "57P02", "57P03", // admin shutdown, crash shutdown, cannot connect now
		"57P05", // idle session timeout
		"25P03", // idle in transaction session timeout
		"25006": // read only: a primary that has become a standby
		return true
	}
	// Connection exceptions; no resources: disk, memory, connections.
	return len(code) == 5 && (code[:2] == "08" || code[:2] == "53")
}
