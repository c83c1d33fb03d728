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
	// ErrExists means that PutIfAbsent found an object under the key.
	ErrExists = errors.New("object exists")
	// ErrChanged means that PutIfMatch found another version, or none.
	ErrChanged = errors.New("object has changed")
	// ErrNotFound means that there is no such object.
	ErrNotFound = errors.New("object not found")
	// ErrUnavailable means that the store is unreachable or overloaded: the same call
	// can succeed later. A write that fails with it may have been carried out.
	ErrUnavailable = errors.New("object store is unavailable")
)

// conflictCode is the S3 error code (status 409) of one of two concurrent conditional
// writes. A retry shows which of them succeeded.
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

// missing reports whether err means a missing object. A missing bucket is a
// configuration error, so it does not count.
func missing(err error) bool {
	return code(err) == "NoSuchKey" || code(err) == "NotFound"
}

// classify wraps err in ErrUnavailable if it means that.
func classify(ctx context.Context, err error) error {
	if err == nil || errors.Is(ctx.Err(), context.Canceled) || !unavailable(err) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

func unavailable(err error) bool {
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
