package main

import (
	"context"
	"crypto/ed25519"
	"log/slog"

	"tabiya/internal/core/queue"
	"tabiya/internal/kafka"
	"tabiya/internal/objstore"
	"tabiya/internal/postgres"
)

// wires are what the parts of a process are connected to. A part reads what it
// needs; the rest may be zero.
type wires struct {
	kafka       kafka.Config
	postgres    string // DSN
	s3          objstore.Config
	archive     archiveFlags
	turn        chan struct{} // the archive sinks' where they share a process
	queue       queue.Config
	regions     []string
	connections connectionFlags
	public      ed25519.PublicKey
	private     ed25519.PrivateKey // the account service's alone
}

// prepare makes topics, schema and bucket where they are missing.
func (w wires) prepare(ctx context.Context, logger *slog.Logger, topics kafka.TopicOptions) error {
	if err := retryUntilUp(ctx, logger, "kafka", func(ctx context.Context) error { return kafka.Ping(ctx, w.kafka) }); err != nil {
		return err
	}
	if err := kafka.EnsureTopics(ctx, w.kafka, topics); err != nil {
		return err
	}
	if err := w.migrate(ctx, logger); err != nil {
		return err
	}
	bucket, err := w.bucket(ctx, logger)
	if err != nil {
		return err
	}
	bucket.Close()
	return nil
}

func (w wires) migrate(ctx context.Context, logger *slog.Logger) error {
	return retryUntilUp(ctx, logger, "postgres", func(ctx context.Context) error { return postgres.Migrate(ctx, w.postgres) })
}

// bucket opens the archive's bucket, and makes it if it is missing.
func (w wires) bucket(ctx context.Context, logger *slog.Logger) (*objstore.Bucket, error) {
	bucket, err := objstore.Open(ctx, w.s3)
	if err != nil {
		return nil, err
	}
	return bucket, retryUntilUp(ctx, logger, "the object store", bucket.Create)
}

// endpoints are the same for other programs.
func (w wires) endpoints(url, serviceToken string) endpoints {
	return endpoints{
		URL: url, ServiceToken: serviceToken, Kafka: w.kafka.Brokers, Postgres: w.postgres,
		S3: s3Access{w.s3.Endpoint, w.s3.Region, w.s3.Bucket, w.s3.AccessKey, w.s3.SecretKey},
	}
}
