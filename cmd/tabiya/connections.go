package main

import (
	"context"
	"errors"
	"log/slog"

	"tabiya/internal/kafka"
	"tabiya/internal/objstore"
	"tabiya/internal/postgres"
	"tabiya/internal/retry"
)

// kafkaFlags locate Kafka and say how to log in to it.
type kafkaFlags struct {
	Kafka         []string `placeholder:"HOST:PORT" help:"Kafka bootstrap brokers."`
	KafkaSasl     string   `placeholder:"MECHANISM" enum:",PLAIN,SCRAM-SHA-256,SCRAM-SHA-512" default:"" help:"SASL mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; no login if empty."`
	KafkaUser     string   `placeholder:"USER" help:"SASL user."`
	KafkaPassword string   `placeholder:"PASSWORD" help:"SASL password; prefer the environment variable."`
	KafkaTls      bool     `help:"Use TLS for connections to Kafka."`
	KafkaCa       string   `placeholder:"FILE" help:"Certificate authorities to trust for Kafka, PEM; needs --kafka-tls. Default: the system's."`
	KafkaCert     string   `placeholder:"FILE" help:"Client certificate for TLS to Kafka, PEM."`
	KafkaKey      string   `placeholder:"FILE" help:"Private key of the client certificate, PEM."`
	KafkaInstance string   `placeholder:"NAME" help:"Static membership id (KIP-345) in the consumer groups of this process. Must be unique and stay the same across restarts."`
}

func (f kafkaFlags) config() (kafka.Config, error) {
	cfg := kafka.Config{
		Brokers:    f.Kafka,
		SASL:       kafka.SASL{Mechanism: f.KafkaSasl, User: f.KafkaUser, Password: f.KafkaPassword},
		TLS:        kafka.TLS{Enabled: f.KafkaTls, CAFile: f.KafkaCa, CertFile: f.KafkaCert, KeyFile: f.KafkaKey},
		InstanceID: f.KafkaInstance,
	}
	if len(cfg.Brokers) == 0 {
		return cfg, errors.New("no Kafka brokers given: set --kafka or TABIYA_KAFKA")
	}
	return cfg, cfg.Validate()
}

// postgresFlags locate PostgreSQL.
type postgresFlags struct {
	Postgres string `placeholder:"DSN" help:"PostgreSQL connection string, such as postgres://user:password@host:5432/tabiya."`
}

func (f postgresFlags) dsn() (string, error) {
	if f.Postgres == "" {
		return "", errors.New("no PostgreSQL given: set --postgres or TABIYA_POSTGRES")
	}
	return f.Postgres, nil
}

// s3Flags locate the archive's bucket.
type s3Flags struct {
	S3          string `name:"s3" env:"TABIYA_S3" placeholder:"URL" help:"URL of the S3 store, such as https://s3.example.com; 'aws' for Amazon S3."`
	S3Region    string `name:"s3-region" env:"TABIYA_S3_REGION" default:"us-east-1" help:"Region of the S3 store."`
	S3Bucket    string `name:"s3-bucket" env:"TABIYA_S3_BUCKET" default:"tabiya" help:"Bucket of the archive; created if it does not exist."`
	S3AccessKey string `name:"s3-access-key" env:"TABIYA_S3_ACCESS_KEY" placeholder:"ID" help:"Access key id; default: the AWS credential chain."`
	S3SecretKey string `name:"s3-secret-key" env:"TABIYA_S3_SECRET_KEY" placeholder:"KEY" help:"Secret access key; prefer the environment variable."`
	S3PathStyle bool   `name:"s3-path-style" env:"TABIYA_S3_PATH_STYLE" default:"true" negatable:"" help:"Put the bucket name in the URL path, which most stores other than Amazon S3 need."`
}

func (f s3Flags) config() (objstore.Config, error) {
	cfg := objstore.Config{
		Endpoint: f.S3, Region: f.S3Region, Bucket: f.S3Bucket,
		AccessKey: f.S3AccessKey, SecretKey: f.S3SecretKey, PathStyle: f.S3PathStyle,
	}
	switch f.S3 {
	case "":
		return cfg, errors.New("no S3 store given: set --s3 or TABIYA_S3")
	case "aws":
		cfg.Endpoint, cfg.PathStyle = "", false
	}
	return cfg, cfg.Validate()
}

// retryWhileUnavailable calls f until it succeeds or fails for another reason than
// an unavailable dependency, so that processes may be started in any order.
func retryWhileUnavailable(ctx context.Context, logger *slog.Logger, dependency string, f func(context.Context) error) error {
	return retry.New(dependency, logger, isUnavailable).Do(ctx, f)
}

func isUnavailable(err error) bool {
	return errors.Is(err, kafka.ErrUnavailable) || errors.Is(err, postgres.ErrUnavailable) || errors.Is(err, objstore.ErrUnavailable)
}
