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

// spoolRead is the buffer through which an encoder reads a spool.
const spoolRead = 256 << 10

// archive closes a lane's chunks, one after the other, until the lane is lost.
func (r *run) archive(l *lane) {
	for {
		select {
		case <-l.ctx.Done():
			for len(l.sealed) > 0 {
				(<-l.sealed).spool.close()
			}
			return
		case c := <-l.sealed:
			err := r.close(l, c)
			c.spool.close()
			if err != nil && l.ctx.Err() == nil {
				r.fail(fmt.Errorf("archive %s/%d from %d to %d: %w", c.Topic, c.Partition, c.First, c.Next, err))
				l.cancel()
			}
			r.wake()
		}
	}
}

// close brings one chunk into the bucket. Every step can be repeated, by this
// owner or the next one.
func (r *run) close(l *lane, c *sealedChunk) error {
	ctx := l.ctx
	var done bool
	err := r.store.Do(ctx, func(ctx context.Context) (err error) {
		done, err = l.progress.decide(ctx, c.Chunk)
		return err
	})
	if err != nil {
		return err
	}
	if done {
		r.cfg.hooks.archived(c.Chunk)
		return nil
	}
	out := &Output{ctx: ctx, dir: r.cfg.TempDir, chunk: c.Chunk, dead: deadLetters{send: r.sendDead}}
	defer out.close()
	if err := r.encode(ctx, c, out); err != nil {
		return err
	}
	for _, f := range out.files {
		if err := r.upload(ctx, f); err != nil {
			return err
		}
	}
	if err := out.dead.flush(ctx); err != nil {
		return err
	}
	if err := r.cfg.hooks.uploaded(c.Chunk); err != nil {
		return err
	}
	if err := r.store.Do(ctx, func(ctx context.Context) error { return l.progress.finish(ctx, c.Chunk) }); err != nil {
		return err
	}
	r.intake.Commit(ctx, c.Topic, c.Partition, c.Next)
	r.count(c, out)
	r.cfg.hooks.archived(c.Chunk)
	return nil
}

func (r *run) encode(ctx context.Context, c *sealedChunk, out *Output) error {
	var encoder Encoder
	select {
	case encoder = <-r.encoders:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { r.encoders <- encoder }()
	if r.cfg.Turn != nil {
		select {
		case r.cfg.Turn <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		defer func() { <-r.cfg.Turn }()
	}
	buffer := bufio.NewReaderSize(nil, spoolRead)
	for i, region := range c.regions {
		records := c.spool.records(i, buffer)
		if err := encoder.Encode(c.Chunk, region, records, out); err != nil {
			return fmt.Errorf("encode region %s: %w", region, err)
		}
		if err := records.Err(); err != nil {
			return err
		}
		for _, f := range out.files {
			if f.Writer != nil {
				if err := f.seal(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// upload puts a file into the bucket. One that is there already is the same, see
// the package comment.
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

func (r *run) sendDead(ctx context.Context, records []*kgo.Record) error {
	r.cfg.Logger.Warn("records are no events: sent to the dead-letter topic", "topic", records[0].Topic, "records", len(records),
		"source", string(records[0].Headers[1].Value), "err", string(records[0].Headers[0].Value))
	return r.kafka.Do(ctx, func(ctx context.Context) error { return r.producer.SendRecords(ctx, records...) })
}

func (r *run) count(c *sealedChunk, out *Output) {
	r.metrics.Records.WithLabelValues(c.Topic).Add(float64(c.records))
	r.metrics.Bytes.WithLabelValues(c.Topic).Add(float64(c.bytes))
	r.metrics.Skipped.WithLabelValues(c.Topic).Add(float64(out.skipped))
	r.metrics.chunks.WithLabelValues(c.Topic, c.end).Inc()
	r.metrics.Flush.Observe(time.Since(c.at).Seconds())
	r.cfg.Logger.Debug("chunk archived", "topic", c.Topic, "partition", c.Partition, "offset", c.First, "next_offset", c.Next, "files", len(out.files))
}
