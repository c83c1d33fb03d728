package main

import (
	"context"
	"crypto/ed25519"
	"log/slog"

	"tabiya/internal/auth"
	"tabiya/internal/core/queue"
	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/internal/objstore"
	"tabiya/internal/postgres"
)

// dependencies holds the configuration that services, processors and sinks are
// built from. Each uses the fields it needs; the others may be zero.
type dependencies struct {
	kafka       kafka.Config
	postgres    string // DSN
	s3          objstore.Config
	archive     archiveFlags
	archiveSlot chan struct{} // see archive.Config.Turn
	queue       queue.Config
	regions     []string
	connections connectionFlags
	keys        auth.Keys
	keysFolder  string             // where keys is read from; empty if it never changes
	private     ed25519.PrivateKey // only for the account service
}

// prepare creates the topics, the database schema and the bucket that do not
// exist yet.
func (deps dependencies) prepare(ctx context.Context, logger *slog.Logger, topics kafka.TopicOptions) error {
	if err := retryWhileUnavailable(ctx, logger, "kafka", func(ctx context.Context) error { return kafka.Ping(ctx, deps.kafka) }); err != nil {
		return err
	}
	if err := kafka.EnsureTopics(ctx, deps.kafka, topics); err != nil {
		return err
	}
	if err := topology.Ensure(ctx, deps.kafka); err != nil {
		return err
	}
	if err := deps.migrate(ctx, logger); err != nil {
		return err
	}
	bucket, err := deps.bucket(ctx, logger)
	if err != nil {
		return err
	}
	bucket.Close()
	return nil
}

func (deps dependencies) migrate(ctx context.Context, logger *slog.Logger) error {
	return retryWhileUnavailable(ctx, logger, "postgres", func(ctx context.Context) error { return postgres.Migrate(ctx, deps.postgres) })
}

// bucket opens the archive's bucket, and creates it if it does not exist.
func (deps dependencies) bucket(ctx context.Context, logger *slog.Logger) (*objstore.Bucket, error) {
	bucket, err := objstore.Open(ctx, deps.s3)
	if err != nil {
		return nil, err
	}
	return bucket, retryWhileUnavailable(ctx, logger, "the object store", bucket.Create)
}

// endpoints describes the dependencies to other programs on this machine.
func (deps dependencies) endpoints(url, opsURL, serviceToken string) endpoints {
	return endpoints{
		URL: url, OpsURL: opsURL, ServiceToken: serviceToken, Kafka: deps.kafka.Brokers, KafkaLogin: kafkaLogin(deps.kafka.SASL), Postgres: deps.postgres,
		S3: s3Access{deps.s3.Endpoint, deps.s3.Region, deps.s3.Bucket, deps.s3.AccessKey, deps.s3.SecretKey},
	}
}
