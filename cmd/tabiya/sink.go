package main

import (
	"context"
	"fmt"
	"log/slog"

	pgadapter "tabiya/internal/postgres"
	"tabiya/internal/readiness"
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
	deps := dependencies{archive: c.archiveFlags}
	if deps.kafka, err = c.kafkaFlags.config(); err != nil {
		return err
	}
	if c.Name == "postgres" {
		deps.postgres, err = c.dsn()
	} else {
		deps.s3, err = c.s3Flags.config()
	}
	if err != nil {
		return err
	}
	n := newNode(logger)
	if err := n.addSink(ctx, c.Name, deps); err != nil {
		return err
	}
	n.appear(deps.kafka, "sink "+c.Name)
	return c.serve(ctx, n)
}

func (n *node) addSink(ctx context.Context, name string, deps dependencies) error {
	sink, err := n.newSink(ctx, name, deps)
	if err != nil {
		return fmt.Errorf("sink %s: %w", name, err)
	}
	n.workers = append(n.workers, supervise.Part{
		Name: "sink " + name, Run: sink.Run, Ready: sink.Ready, RestartGrace: readiness.GracePeriod,
	})
	return nil
}

// runner is what services, processors and sinks have in common.
type runner interface {
	Run(ctx context.Context) error
	Ready() error
}

func (n *node) newSink(ctx context.Context, name string, deps dependencies) (runner, error) {
	if name == "postgres" {
		if err := deps.migrate(ctx, n.logger); err != nil {
			return nil, err
		}
		pool, err := pgadapter.Open(ctx, deps.postgres)
		if err != nil {
			return nil, err
		}
		n.closers = append(n.closers, pool.Close)
		return postgres.New(postgres.Config{Kafka: deps.kafka, Pool: pool, Logger: n.logger, Registerer: n.registry})
	}
	bucket, err := deps.bucket(ctx, n.logger)
	if err != nil {
		return nil, err
	}
	n.closers = append(n.closers, bucket.Close)
	newSink := raw.New
	if name == "parquet" {
		newSink = parquet.New
	}
	return newSink(archive.Config{
		Kafka: deps.kafka, Bucket: bucket, TempDir: deps.archive.ArchiveTemp,
		Limits: archive.Limits{Window: deps.archive.ArchiveWindow}, Grace: deps.archive.ArchiveGrace, EncodeSlot: deps.archiveSlot,
		Logger: n.logger, Registerer: n.registry,
	})
}
