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

// Body is what a write reads from its beginning: an *os.File, a *bytes.Reader.
// It may be read more than once, never at its own position, and no more than a
// buffer of it is in memory.
type Body = io.ReaderAt

// condition of a write; the zero value writes always.
type condition struct{ ifMatch, ifNoneMatch *string }

// Put writes an object, over an older one if there is one.
func (b *Bucket) Put(ctx context.Context, key string, body Body, size int64) (Object, error) {
	return b.put(ctx, key, body, size, condition{})
}

// PutIfAbsent writes an object unless the key has one: then ErrExists. Of
// callers that write a key at the same time exactly one succeeds.
func (b *Bucket) PutIfAbsent(ctx context.Context, key string, body Body, size int64) (Object, error) {
	if size > b.multipartAbove { // do not upload gigabytes for nothing
		if obj, err := b.Head(ctx, key); err == nil {
			return obj, fmt.Errorf("put %s/%s: %w", b.name, key, ErrExists)
		}
	}
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		obj, err := b.put(ctx, key, body, size, condition{ifNoneMatch: aws.String("*")})
		if !preconditionFailed(err) {
			return obj, err
		}
		// "Already done" is a promise about data, so it is worth a look: a store
		// may say so a moment before the other write is done, or undone.
		obj, err = b.Head(ctx, key)
		if err == nil {
			err = ErrExists
		}
		if !errors.Is(err, ErrNotFound) || wait > time.Second {
			return obj, b.contradiction(key, err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return Object{}, b.contradiction(key, ctx.Err())
		}
	}
}

// contradiction names what PutIfAbsent ended with after it was told that the
// object exists.
func (b *Bucket) contradiction(key string, err error) error {
	if errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: said to exist, but it is not there", ErrUnavailable)
	}
	return fmt.Errorf("put %s/%s: %w", b.name, key, err)
}

// PutIfMatch writes an object over the version with that ETag; if the key has
// another by now, or none, ErrChanged. The embedded store honours it wherever
// its folder has extended attributes, see embedded. After ErrChanged or ErrUnavailable read
// the object again: the version that is there may be one's own.
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
