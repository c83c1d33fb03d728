package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"tabiya/internal/auth"
	"tabiya/internal/embedded"
	"tabiya/internal/kafka"
)

const (
	// embeddedStopTimeout limits the last step of a shutdown; see node.
	embeddedStopTimeout = 2500 * time.Millisecond
	// serviceTokenTTL is that of the token in endpoints.json, which is new at each start.
	serviceTokenTTL = 30 * 24 * time.Hour
)

type upCmd struct {
	Data   string `default:"data" type:"path" help:"Folder for the signing key and the data of the embedded Kafka, PostgreSQL and S3."`
	Listen string `default:"127.0.0.1:8080" help:"Address of the API; port 0 picks a free port."`
	opsFlags

	Partitions  int32 `placeholder:"N" help:"Partitions of each topic; default: 4 with the embedded Kafka, else 32."`
	Replication int16 `default:"3" help:"Replicas of each partition; always 1 with the embedded Kafka."`
	MinIsr      int16 `placeholder:"N" help:"min.insync.replicas: replicas that must have a record before it is acknowledged; default: a majority."`

	kafkaFlags
	postgresFlags
	s3Flags
	regionFlags
	queueFlags
	archiveFlags
	connectionFlags
}

func (c upCmd) Run(ctx context.Context, logger *slog.Logger) (err error) {
	go tuneGC(ctx)
	listener, err := listen(c.Listen)
	if err != nil {
		// Most likely another `up` on the same data folder holds the address.
		return cmp.Or(embedded.Busy(c.Data), err)
	}
	defer listener.Close() // for the returns before serve, which closes it too
	ops, err := c.listenOps()
	if err != nil {
		return cmp.Or(embedded.Busy(c.Data), err)
	}
	defer ops.Close()
	parts, err := embedded.Start(ctx, embedded.Config{
		DataDir: c.Data, Logger: logger,
		Kafka: len(c.Kafka) == 0, Postgres: c.Postgres == "", S3: c.S3 == "",
	})
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), embeddedStopTimeout)
		defer cancel()
		err = errors.Join(err, parts.Close(closing))
	}()
	return c.run(ctx, logger, listeners{listener, ops}, parts)
}

// run builds and serves the whole platform. The embedded parts outlive it.
func (c upCmd) run(ctx context.Context, logger *slog.Logger, l listeners, parts *embedded.Instance) error {
	deps, err := c.dependencies(parts)
	if err != nil {
		return err
	}
	if err := deps.prepare(ctx, logger, c.topics(parts)); err != nil {
		return err
	}
	serviceKey, err := c.ownKeys(&deps)
	if err != nil {
		return err
	}

	n := newNode(logger)
	for _, name := range []string{"players", "matchmaking", "games"} {
		if err := n.addProcessor(name, deps); err != nil {
			return err
		}
	}
	for _, name := range []string{"postgres", "raw", "parquet"} {
		if err := n.addSink(ctx, name, deps); err != nil {
			return err
		}
	}
	if err := n.addServices(ctx, deps, "account", "matchmaking", "livegame", "history"); err != nil {
		return err
	}
	n.appear(deps.kafka, "up")
	token, _, err := auth.NewSigner(serviceKey).Service("up", time.Now(), serviceTokenTTL)
	if err != nil {
		return err
	}
	e := deps.endpoints(listenerURL(l.public), listenerURL(l.ops), token)
	if err := e.write(c.Data); err != nil {
		return err
	}
	return n.serve(ctx, l, func() { c.printWelcome(e) })
}

// dependencies points at the embedded parts that were started, and at what the
// flags name for the others.
func (c upCmd) dependencies(parts *embedded.Instance) (deps dependencies, err error) {
	deps = dependencies{
		postgres: cmp.Or(parts.PostgresDSN(), c.Postgres), s3: parts.S3(), regions: c.Regions,
		archive: c.archiveFlags, connections: c.connectionFlags, archiveSlot: make(chan struct{}, 1),
	}
	deps.archive.ArchiveTemp = cmp.Or(c.ArchiveTemp, filepath.Join(c.Data, "open-files"))
	embeddedKafka := parts.KafkaBrokers() != nil
	if embeddedKafka {
		c.Kafka = parts.KafkaBrokers()
	}
	if deps.kafka, err = c.kafkaFlags.config(); err != nil {
		return deps, err
	}
	if embeddedKafka {
		deps.kafka.SASL = parts.KafkaSASL()
	}
	deps.kafka.Uncompressed, deps.kafka.Dial = embeddedKafka, parts.KafkaDial()
	if deps.queue, err = c.queueFlags.config(); err != nil {
		return deps, err
	}
	if c.S3 != "" {
		deps.s3, err = c.s3Flags.config()
	}
	return deps, err
}

// topics may change the settings of topics of the embedded Kafka alone, which belong
// to this program.
func (c upCmd) topics(parts *embedded.Instance) kafka.TopicOptions {
	if parts.KafkaBrokers() != nil {
		return kafka.TopicOptions{Partitions: cmp.Or(c.Partitions, 4), Replication: 1, MinISR: 1, Fix: true}
	}
	return topicFlags{cmp.Or(c.Partitions, 32), c.Replication, c.MinIsr}.options()
}

// printWelcome prints the addresses of the platform and a first request to try.
func (c upCmd) printWelcome(e endpoints) {
	fmt.Printf(`
Tabiya is up.

  play      %[1]s   in a browser
  API       %[1]s   (documented in %[1]s/openapi.json)
  health    %[6]s/readyz   metrics: %[6]s/metrics
  data      %[2]s
  archive   s3://%[3]s at %[4]s
  endpoints and credentials for other programs: %[5]s

Try:

  curl -s %[1]s/v1/accounts -H 'Content-Type: application/json' -d "{\"handle\":\"ada-$(date +%%s)\",\"password\":\"correct horse battery\"}"

Ctrl-C stops; the next start continues with the same data.

`, e.URL, c.Data, e.S3.Bucket, cmp.Or(e.S3.Endpoint, "Amazon S3"), endpointsFile(c.Data), e.OpsURL)
}
