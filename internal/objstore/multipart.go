package objstore

import (
	"context"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	multipartAbove = 64 << 20
	partSize       = 16 << 20
	maxParts       = 10_000 // S3's limit
	maxUploads     = 3      // of one object, when conditional completions conflict
)

// putParts uploads in parts, with the condition on the completion. After a conflict S3
// requires a new upload, not a second completion. A new upload is also needed if a
// completion succeeded but its answer was lost, which the SDK's retry then finds as
// NoSuchUpload.
func (b *Bucket) putParts(ctx context.Context, key string, body Body, size int64, cond condition) (obj Object, err error) {
	for range maxUploads {
		if obj, err = b.upload(ctx, key, body, size, cond); code(err) != conflictCode && code(err) != "NoSuchUpload" {
			break
		}
	}
	return obj, err
}

func (b *Bucket) upload(ctx context.Context, key string, body Body, size int64, cond condition) (Object, error) {
	started, err := b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return Object{}, b.wrap(ctx, "start upload of", key, err)
	}
	parts, err := b.uploadParts(ctx, key, started.UploadId, body, size)
	if err == nil {
		var out *s3.CompleteMultipartUploadOutput
		out, err = b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: &b.name, Key: &key, UploadId: started.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
			IfMatch:         cond.ifMatch, IfNoneMatch: cond.ifNoneMatch,
		})
		if err == nil {
			return Object{Key: key, Size: size, ETag: aws.ToString(out.ETag)}, nil
		}
	}
	b.abort(ctx, key, started.UploadId)
	return Object{}, b.wrap(ctx, "upload", key, err)
}

func (b *Bucket) uploadParts(ctx context.Context, key string, uploadID *string, body Body, size int64) ([]types.CompletedPart, error) {
	step := max(b.partSize, (size+maxParts-1)/maxParts)
	var parts []types.CompletedPart
	for offset, number := int64(0), int32(1); offset < size; offset, number = offset+step, number+1 {
		length := min(step, size-offset)
		out, err := b.client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &b.name, Key: &key, UploadId: uploadID, PartNumber: aws.Int32(number),
			Body: io.NewSectionReader(body, offset, length), ContentLength: &length,
		})
		if err != nil {
			return nil, err
		}
		parts = append(parts, types.CompletedPart{ETag: out.ETag, PartNumber: aws.Int32(number)})
	}
	return parts, nil
}

// abort deletes the uploaded parts, even if ctx has ended. If it fails, or the process
// is killed, that is left to the bucket's life-cycle rule for incomplete uploads.
func (b *Bucket) abort(ctx context.Context, key string, uploadID *string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_, _ = b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: uploadID})
}
