package archive

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/objstore"
)

// archiveChunks archives a partition's sealed chunks, one after the other, until
// the partition is revoked.
func (r *run) archiveChunks(w *partitionWriter) {
	for {
		select {
		case <-w.ctx.Done():
			for len(w.sealed) > 0 {
				(<-w.sealed).spill.close()
			}
			return
		case c := <-w.sealed:
			err := r.archiveChunk(w.ctx, w.progress, c)
			c.spill.close()
			if err != nil && w.ctx.Err() == nil {
				r.fail(fmt.Errorf("archive %s/%d from offset %d to %d: %w", c.Topic, c.Partition, c.First, c.Next, err))
				w.cancel()
			}
			r.wake()
		}
	}
}

// archiveChunk brings one chunk into the bucket: it decides the chunk's end,
// encodes and uploads the files, and advances the progress. Every step can be
// repeated, by this owner or by the next one.
func (r *run) archiveChunk(ctx context.Context, p *progress, c *sealedChunk) error {
	var archived bool
	err := r.store.Do(ctx, func(ctx context.Context) (err error) {
		archived, err = p.decide(ctx, c.Chunk)
		return err
	})
	if err != nil {
		return err
	}
	if archived {
		r.cfg.hooks.archived(c.Chunk)
		return nil
	}
	out := &Output{ctx: ctx, dir: r.cfg.TempDir, chunk: c.Chunk, deadLetters: deadLetters{send: r.sendDeadLetters}}
	defer out.close()
	if err := r.encode(ctx, c, out); err != nil {
		return err
	}
	for _, f := range out.files {
		if err := r.upload(ctx, f); err != nil {
			return err
		}
	}
	if err := out.deadLetters.flush(ctx); err != nil {
		return err
	}
	if err := r.cfg.hooks.uploaded(c.Chunk); err != nil {
		return err
	}
	if err := r.store.Do(ctx, func(ctx context.Context) error { return p.finish(ctx, c.Chunk) }); err != nil {
		return err
	}
	r.consumer.Commit(ctx, c.Topic, c.Partition, c.Next)
	r.count(c, out)
	r.cfg.hooks.archived(c.Chunk)
	return nil
}

// readBufferSize is the buffer through which an encoder reads a spill file.
const readBufferSize = 256 << 10

// encode encodes the chunk's regions, one after the other, into files in out.
func (r *run) encode(ctx context.Context, c *sealedChunk, out *Output) error {
	var encoder Encoder
	select {
	case encoder = <-r.encoders:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { r.encoders <- encoder }()
	if r.cfg.EncodeSlot != nil {
		select {
		case r.cfg.EncodeSlot <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		defer func() { <-r.cfg.EncodeSlot }()
	}
	buffer := bufio.NewReaderSize(nil, readBufferSize)
	for i, region := range c.regions {
		records := c.spill.records(i, buffer)
		if err := encoder.Encode(c.Chunk, region, records, out); err != nil {
			return fmt.Errorf("encode region %s: %w", region, err)
		}
		if err := records.Err(); err != nil {
			return err
		}
		if err := out.sealFiles(); err != nil {
			return err
		}
	}
	return nil
}

// upload puts a file into the bucket. A file that exists already has the same
// content, see the package comment.
func (r *run) upload(ctx context.Context, f *File) error {
	if f.Rows == 0 {
		return nil
	}
	result := "written"
	err := r.store.Do(ctx, func(ctx context.Context) error {
		_, err := r.cfg.Bucket.PutIfAbsent(ctx, f.Key, f.body(), f.size)
		if errors.Is(err, objstore.ErrExists) {
			result, err = "existed", nil
		}
		return err
	})
	if err != nil {
		return err
	}
	r.metrics.files.WithLabelValues(f.Table, result).Inc()
	r.metrics.Rows.WithLabelValues(f.Table).Add(float64(f.Rows))
	r.metrics.fileBytes.WithLabelValues(f.Table).Add(float64(f.size))
	return nil
}

func (r *run) sendDeadLetters(ctx context.Context, records []*kgo.Record) error {
	r.cfg.Logger.Warn("records are not events, sending them to the dead-letter topic", "topic", records[0].Topic, "records", len(records),
		"source", string(records[0].Headers[1].Value), "err", string(records[0].Headers[0].Value))
	return r.kafka.Do(ctx, func(ctx context.Context) error { return r.producer.SendRecords(ctx, records...) })
}

func (r *run) count(c *sealedChunk, out *Output) {
	r.metrics.Records.WithLabelValues(c.Topic).Add(float64(c.records))
	r.metrics.Bytes.WithLabelValues(c.Topic).Add(float64(c.bytes))
	r.metrics.Skipped.WithLabelValues(c.Topic).Add(float64(out.skipped))
	r.metrics.chunks.WithLabelValues(c.Topic, c.end).Inc()
	r.metrics.Flush.Observe(time.Since(c.sealedAt).Seconds())
	r.cfg.Logger.Debug("chunk archived", "topic", c.Topic, "partition", c.Partition, "offset", c.First, "next_offset", c.Next, "files", len(out.files))
}
