package objstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

var (
	// ErrExists: PutIfAbsent found the object there.
	ErrExists = errors.New("object exists")
	// ErrChanged: PutIfMatch found another version, or none.
	ErrChanged = errors.New("object has changed")
	// ErrNotFound: there is no such object.
	ErrNotFound = errors.New("object not found")
	// ErrUnavailable: the store is away, or refuses work for now; the same call
	// can succeed later. A write that fails so may have been carried out.
	ErrUnavailable = errors.New("object store is unavailable")
)

// conflictCode is answered, with status 409, to one of two conditional writes
// that met; trying again tells who won.
const conflictCode = "ConditionalRequestConflict"

func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

func status(err error) int {
	if resp, ok := errors.AsType[*awshttp.ResponseError](err); ok && resp.Response != nil {
		return resp.HTTPStatusCode()
	}
	return 0
}

func preconditionFailed(err error) bool { return status(err) == http.StatusPreconditionFailed }

// missing reports a missing object; a missing bucket is a mistake of the
// operator's, not an empty store.
func missing(err error) bool {
	return code(err) == "NoSuchKey" || code(err) == "NotFound"
}

// classify makes err match ErrUnavailable if that is what it means.
func classify(ctx context.Context, err error) error {
	if err == nil || errors.Is(ctx.Err(), context.Canceled) || !away(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func away(err error) bool {
	switch s := status(err); {
	case s == http.StatusTooManyRequests, s == http.StatusRequestTimeout, code(err) == conflictCode:
		return true
	case s != 0:
		return s >= 500 && s != http.StatusNotImplemented
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}
