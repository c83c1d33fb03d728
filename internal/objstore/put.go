package objstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Body is the content of a write, such as an *os.File or a *bytes.Reader. It may be
// read more than once, from the beginning whatever its own position is. Only a buffer
// of it is in memory.
type Body = io.ReaderAt

// condition is the precondition of a write. The zero value is none.
type condition struct{ ifMatch, ifNoneMatch *string }

// Put writes an object. It replaces an existing one.
func (b *Bucket) Put(ctx context.Context, key string, body Body, size int64) (Object, error) {
	return b.put(ctx, key, body, size, condition{})
}

// PutIfAbsent writes an object if the key has none, else it returns ErrExists. Of
// concurrent calls for one key exactly one succeeds.
func (b *Bucket) PutIfAbsent(ctx context.Context, key string, body Body, size int64) (Object, error) {
	if size > b.multipartAbove { // do not upload gigabytes in vain
		if obj, err := b.Head(ctx, key); err == nil {
			return obj, fmt.Errorf("put %s/%s: %w", b.name, key, ErrExists)
		}
	}
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		obj, err := b.put(ctx, key, body, size, condition{ifNoneMatch: aws.String("*")})
		if !preconditionFailed(err) {
			return obj, err
		}
		// Callers rely on ErrExists, so check it: a store may answer so a moment before
		// the other write has succeeded or failed.
		obj, err = b.Head(ctx, key)
		if err == nil {
			err = ErrExists
		}
		if !errors.Is(err, ErrNotFound) || wait > time.Second {
			return obj, b.existsError(key, err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return Object{}, b.existsError(key, ctx.Err())
		}
	}
}

// existsError returns the error of PutIfAbsent after the store answered that the object
// exists.
func (b *Bucket) existsError(key string, err error) error {
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: the store answers that the object exists, but does not have it", ErrUnavailable)
	}
	return fmt.Errorf("put %s/%s: %w", b.name, key, err)
}

// PutIfMatch replaces the version of an object that has that ETag. Returns ErrChanged if
// the key has another version, or none. After ErrChanged or ErrUnavailable read the
// object again: the version that is there may be the caller's own. The embedded store
// supports it only where its folder has extended attributes, see package embedded.
func (b *Bucket) PutIfMatch(ctx context.Context, key, etag string, body Body, size int64) (Object, error) {
	obj, err := b.put(ctx, key, body, size, condition{ifMatch: &etag})
	if preconditionFailed(err) || errors.Is(err, ErrNotFound) {
		return Object{}, fmt.Errorf("put %s/%s: %w", b.name, key, ErrChanged)
	}
	return obj, err
}

func (b *Bucket) put(ctx context.Context, key string, body Body, size int64, cond condition) (Object, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout+time.Duration(size>>20)*time.Second)
	defer cancel()
	if size > b.multipartAbove {
		return b.putParts(ctx, key, body, size, cond)
	}
	out, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key,
		// A section, so that the SDK cannot close the caller's file.
		Body: io.NewSectionReader(body, 0, size), ContentLength: &size,
		IfMatch: cond.ifMatch, IfNoneMatch: cond.ifNoneMatch,
	})
	if err != nil {
		return Object{}, b.wrap(ctx, "put", key, err)
	}
	return Object{Key: key, Size: size, ETag: aws.ToString(out.ETag)}, nil
}
