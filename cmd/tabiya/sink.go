package main

import (
	"context"
	"fmt"
	"log/slog"

	pgadapter "tabiya/internal/postgres"
	"tabiya/internal/supervise"
	"tabiya/sinks/archive"
	"tabiya/sinks/parquet"
	"tabiya/sinks/postgres"
	"tabiya/sinks/raw"
)

type sinkCmd struct {
	Name string `arg:"" enum:"postgres,raw,parquet" help:"postgres, raw or parquet."`
	kafkaFlags
	postgresFlags
	s3Flags
	archiveFlags
	listenFlags
}

func (c sinkCmd) Run(ctx context.Context, logger *slog.Logger) (err error) {
	w := wires{archive: c.archiveFlags}
	if w.kafka, err = c.kafkaFlags.config(); err != nil {
		return err
	}
	if c.Name == "postgres" {
		w.postgres, err = c.dsn()
	} else {
		w.s3, err = c.s3Flags.config()
	}
	if err != nil {
		return err
	}
	n := newNode(logger)
	if err := n.addSink(ctx, c.Name, w); err != nil {
		return err
	}
	return c.serve(ctx, n)
}

func (n *node) addSink(ctx context.Context, name string, w wires) error {
	sink, err := n.newSink(ctx, name, w)
	if err != nil {
		return fmt.Errorf("sink %s: %w", name, err)
	}
	n.workers = append(n.workers, supervise.Part{Name: "sink " + name, Run: sink.Run, Ready: sink.Ready})
	return nil
}

// part is what sinks and processors have in common.
type part interface {
	Run(context.Context) error
	Ready() error
}

func (n *node) newSink(ctx context.Context, name string, w wires) (part, error) {
	if name == "postgres" {
		if err := w.migrate(ctx, n.logger); err != nil {
			return nil, err
		}
		pool, err := pgadapter.Open(ctx, w.postgres)
		if err != nil {
			return nil, err
		}
		n.closers = append(n.closers, pool.Close)
		return postgres.New(postgres.Config{Kafka: w.kafka, Pool: pool, Logger: n.logger, Registerer: n.registry})
	}
	bucket, err := w.bucket(ctx, n.logger)
	if err != nil {
		return nil, err
	}
	n.closers = append(n.closers, bucket.Close)
	newSink := raw.New
	if name == "parquet" {
		newSink = parquet.New
	}
	return newSink(archive.Config{
		Kafka: w.kafka, Bucket: bucket, TempDir: w.archive.ArchiveTemp,
		Limits: archive.Limits{Window: w.archive.ArchiveWindow}, Grace: w.archive.ArchiveGrace, EncodeSlot: w.turn,
		Logger: n.logger, Registerer: n.registry,
	})
}
