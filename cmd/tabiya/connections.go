package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"tabiya/internal/kafka"
	"tabiya/internal/objstore"
	"tabiya/internal/postgres"
	"tabiya/internal/retry"
)

// kafkaFlags say where Kafka is.
type kafkaFlags struct {
	Kafka         []string `placeholder:"HOST:PORT" help:"Kafka's brokers."`
	KafkaSasl     string   `placeholder:"MECHANISM" enum:",PLAIN,SCRAM-SHA-256,SCRAM-SHA-512" default:"" help:"How to log in to Kafka: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."`
	KafkaUser     string   `placeholder:"USER" help:"Kafka's user."`
	KafkaPassword string   `placeholder:"PASSWORD" help:"Kafka's password; better by the environment."`
	KafkaTls      bool     `help:"Encrypt the connections to Kafka."`
	KafkaCa       string   `placeholder:"FILE" help:"Certificate authorities for Kafka, PEM; the system's otherwise."`
	KafkaCert     string   `placeholder:"FILE" help:"Client certificate for Kafka, PEM."`
	KafkaKey      string   `placeholder:"FILE" help:"Key of the client certificate, PEM."`
	KafkaInstance string   `placeholder:"NAME" help:"Makes this process a static member of its consumer groups (KIP-345): unique, and the same after a restart."`
}

func (f kafkaFlags) config() (kafka.Config, error) {
	cfg := kafka.Config{
		Brokers:    f.Kafka,
		SASL:       kafka.SASL{Mechanism: f.KafkaSasl, User: f.KafkaUser, Password: f.KafkaPassword},
		TLS:        kafka.TLS{Enabled: f.KafkaTls || f.KafkaCa != "" || f.KafkaCert != "", CAFile: f.KafkaCa, CertFile: f.KafkaCert, KeyFile: f.KafkaKey},
		InstanceID: f.KafkaInstance,
	}
	if len(cfg.Brokers) == 0 {
		return cfg, fmt.Errorf("say where Kafka is: --kafka or TABIYA_KAFKA")
	}
	return cfg, cfg.Validate()
}

// postgresFlags say where PostgreSQL is.
type postgresFlags struct {
	Postgres string `placeholder:"DSN" help:"PostgreSQL, such as postgres://user:password@host:5432/tabiya."`
}

func (f postgresFlags) dsn() (string, error) {
	if f.Postgres == "" {
		return "", fmt.Errorf("say where PostgreSQL is: --postgres or TABIYA_POSTGRES")
	}
	return f.Postgres, nil
}

// s3Flags say where the archive's bucket is.
type s3Flags struct {
	S3          string `name:"s3" env:"TABIYA_S3" placeholder:"URL" help:"The S3 store, such as https://s3.example.com; 'aws' for Amazon's own."`
	S3Region    string `name:"s3-region" env:"TABIYA_S3_REGION" default:"us-east-1" help:"The store's region."`
	S3Bucket    string `name:"s3-bucket" env:"TABIYA_S3_BUCKET" default:"tabiya" help:"The archive's bucket; made if it is missing."`
	S3AccessKey string `name:"s3-access-key" env:"TABIYA_S3_ACCESS_KEY" placeholder:"ID" help:"Access key; without one, Amazon's usual places are asked."`
	S3SecretKey string `name:"s3-secret-key" env:"TABIYA_S3_SECRET_KEY" placeholder:"KEY" help:"Secret key; better by the environment."`
	S3PathStyle bool   `name:"s3-path-style" env:"TABIYA_S3_PATH_STYLE" default:"true" negatable:"" help:"The bucket is in the path, as most stores but Amazon's want it."`
}

func (f s3Flags) config() (objstore.Config, error) {
	cfg := objstore.Config{
		Endpoint: f.S3, Region: f.S3Region, Bucket: f.S3Bucket,
		AccessKey: f.S3AccessKey, SecretKey: f.S3SecretKey, PathStyle: f.S3PathStyle,
	}
	switch f.S3 {
	case "":
		return cfg, fmt.Errorf("say where S3 is: --s3 or TABIYA_S3")
	case "aws":
		cfg.Endpoint, cfg.PathStyle = "", false
	}
	return cfg, cfg.Validate()
}

// retryUntilUp calls f until the dependency that it needs is available: the
// parts of a platform may be started in any order.
func retryUntilUp(ctx context.Context, logger *slog.Logger, dependency string, f func(context.Context) error) error {
	return retry.New(dependency, logger, unavailable).Do(ctx, f)
}

func unavailable(err error) bool {
	return errors.Is(err, kafka.ErrUnavailable) || errors.Is(err, postgres.ErrUnavailable) || errors.Is(err, objstore.ErrUnavailable)
}
