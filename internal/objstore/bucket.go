package objstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// callTimeout bounds a call including its retries. A write may take a second more for
// each MiB.
const callTimeout = 30 * time.Second

// Bucket is one bucket of an S3 store. It is safe for concurrent use.
type Bucket struct {
	client         *s3.Client
	conns          *connections
	name, region   string
	multipartAbove int64
	partSize       int64
}

// Object describes an object.
type Object struct {
	Key          string
	Size         int64
	ETag         string // with quotes, as the store sends it
	LastModified time.Time
}

// Close closes all connections. Later calls fail.
func (b *Bucket) Close() { b.conns.close() }

// Name returns the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Ping returns an error if the bucket cannot be reached.
func (b *Bucket) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := b.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.name})
	return b.wrap(ctx, "reach", "", err)
}

// Create creates the bucket if it is missing.
func (b *Bucket) Create(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	in := &s3.CreateBucketInput{Bucket: &b.name}
	if b.region != DefaultRegion { // S3 rejects its name as a location
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(b.region)}
	}
	_, err := b.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b.name})
	if err == nil || !missing(err) {
		return b.wrap(ctx, "reach", "", err)
	}
	_, err = b.client.CreateBucket(ctx, in)
	if _, owned := errors.AsType[*types.BucketAlreadyOwnedByYou](err); owned { // another process has created it meanwhile
		return nil
	}
	return b.wrap(ctx, "create", "", err)
}

// Get opens an object. The caller closes the reader. Returns ErrNotFound if there is no
// such object.
func (b *Bucket) Get(ctx context.Context, key string) (io.ReadCloser, Object, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return nil, Object{}, b.wrap(ctx, "get", key, err)
	}
	obj := Object{key, aws.ToInt64(out.ContentLength), aws.ToString(out.ETag), aws.ToTime(out.LastModified)}
	return &body{ctx, b, key, out.Body}, obj, nil
}

// body maps errors in the middle of an object.
type body struct {
	ctx context.Context
	b   *Bucket
	key string
	io.ReadCloser
}

func (r *body) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, r.b.wrap(r.ctx, "read", r.key, err)
}

// Head returns an object's description. Returns ErrNotFound if there is no such object.
func (b *Bucket) Head(ctx context.Context, key string) (Object, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return Object{}, b.wrap(ctx, "head", key, err)
	}
	return Object{key, aws.ToInt64(out.ContentLength), aws.ToString(out.ETag), aws.ToTime(out.LastModified)}, nil
}

// List yields the objects whose keys start with prefix and sort after startAfter (by
// bytes; may be empty), in key order. An error ends the sequence.
func (b *Bucket) List(ctx context.Context, prefix, startAfter string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix}
		if startAfter != "" {
			in.StartAfter = &startAfter
		}
		pages := s3.NewListObjectsV2Paginator(b.client, in)
		for pages.HasMorePages() {
			page, err := b.nextPage(ctx, pages)
			if err != nil {
				yield(Object{}, b.wrap(ctx, "list", prefix, err))
				return
			}
			for _, o := range page.Contents {
				obj := Object{aws.ToString(o.Key), aws.ToInt64(o.Size), aws.ToString(o.ETag), aws.ToTime(o.LastModified)}
				if !yield(obj, nil) {
					return
				}
			}
		}
	}
}

func (b *Bucket) nextPage(ctx context.Context, pages *s3.ListObjectsV2Paginator) (*s3.ListObjectsV2Output, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return pages.NextPage(ctx)
}

// Delete removes an object, if it exists.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key})
	if missing(err) { // which some stores answer
		return nil
	}
	return b.wrap(ctx, "delete", key, err)
}

func (b *Bucket) wrap(ctx context.Context, doing, key string, err error) error {
	if err == nil {
		return nil
	}
	if key != "" && missing(err) {
		return fmt.Errorf("%s %s/%s: %w", doing, b.name, key, ErrNotFound)
	}
	return fmt.Errorf("%s %s/%s: %w", doing, b.name, key, classify(ctx, err))
}
