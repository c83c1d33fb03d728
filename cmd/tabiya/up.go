package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"time"

	"tabiya/internal/auth"
	"tabiya/internal/embedded"
	"tabiya/internal/kafka"
)

const (
	// closeEmbedded is the last step of a stop; see node.
	closeEmbedded = 2500 * time.Millisecond
	// serviceTokenTTL: `up` makes a new token at each start.
	serviceTokenTTL = 30 * 24 * time.Hour
)

type upCmd struct {
	Data   string `default:"data" type:"path" help:"Where the embedded parts keep their data, and the signing key lies."`
	Listen string `default:"127.0.0.1:8080" help:"Address of the API; port 0 takes a free one."`

	Partitions  int32 `placeholder:"N" help:"Partitions of each topic: 4 with the embedded Kafka, else 32."`
	Replication int16 `default:"3" help:"Copies of each partition; the embedded Kafka has one."`
	MinIsr      int16 `placeholder:"N" help:"Copies that must have a record before it counts as written; a majority unless given."`

	kafkaFlags
	postgresFlags
	s3Flags
	regionFlags
	queueFlags
	archiveFlags
	connectionFlags
}

func (c upCmd) Run(ctx context.Context, logger *slog.Logger) (err error) {
	go tuneCollector(ctx)
	listener, err := listen(c.Listen)
	if err != nil {
		return cmp.Or(embedded.Busy(c.Data), err) // most likely it is the same program over the same folder
	}
	defer listener.Close() // again, if it came so far
	parts, err := embedded.Start(ctx, embedded.Config{
		DataDir: c.Data, Logger: logger,
		Kafka: len(c.Kafka) == 0, Postgres: c.Postgres == "", S3: c.S3 == "",
	})
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.Background(), closeEmbedded)
		defer cancel()
		err = errors.Join(err, parts.Close(closing))
	}()
	return c.run(ctx, logger, listener, parts)
}

// run wires the whole platform; the embedded parts outlive it.
func (c upCmd) run(ctx context.Context, logger *slog.Logger, listener net.Listener, parts *embedded.Instance) error {
	w, err := c.wires(parts)
	if err != nil {
		return err
	}
	if err := w.prepare(ctx, logger, c.topics(parts)); err != nil {
		return err
	}
	key, err := auth.LoadOrCreateKey(filepath.Join(c.Data, "signing-key.pem"))
	if err != nil {
		return err
	}
	w.private, w.public = key, key.Public().(ed25519.PublicKey)

	n := newNode(logger)
	for _, name := range []string{"players", "matchmaking", "games"} {
		if err := n.addProcessor(name, w); err != nil {
			return err
		}
	}
	for _, name := range []string{"postgres", "raw", "parquet"} {
		if err := n.addSink(ctx, name, w); err != nil {
			return err
		}
	}
	if err := n.addServices(ctx, w, "account", "matchmaking", "livegame", "history"); err != nil {
		return err
	}
	token, _, err := auth.NewSigner(key).Service("up", time.Now(), serviceTokenTTL)
	if err != nil {
		return err
	}
	e := w.endpoints(urlOf(listener), token)
	if err := e.write(c.Data); err != nil {
		return err
	}
	return n.serve(ctx, listener, func() { c.greet(e) })
}

// wires connects to the embedded parts where there are some, else to what the
// flags say.
func (c upCmd) wires(parts *embedded.Instance) (w wires, err error) {
	w = wires{postgres: cmp.Or(parts.PostgresDSN(), c.Postgres), s3: parts.S3(), regions: c.Regions, archive: c.archiveFlags, connections: c.connectionFlags, turn: make(chan struct{}, 1)}
	w.archive.ArchiveTemp = cmp.Or(c.ArchiveTemp, filepath.Join(c.Data, "open-files"))
	if brokers := parts.KafkaBrokers(); brokers != nil {
		c.Kafka = brokers
	}
	if w.kafka, err = c.kafkaFlags.config(); err != nil {
		return w, err
	}
	w.kafka.Uncompressed, w.kafka.Dial = parts.KafkaBrokers() != nil, parts.KafkaDial()
	if w.queue, err = c.queueFlags.config(); err != nil {
		return w, err
	}
	if c.S3 != "" {
		w.s3, err = c.s3Flags.config()
	}
	return w, err
}

func (c upCmd) topics(parts *embedded.Instance) kafka.TopicOptions {
	if parts.KafkaBrokers() != nil {
		return kafka.TopicOptions{Partitions: cmp.Or(c.Partitions, 4), Replication: 1, MinISR: 1}
	}
	return topicFlags{cmp.Or(c.Partitions, 32), c.Replication, c.MinIsr}.options()
}

// greet says where everything is, and one thing to try.
func (c upCmd) greet(e endpoints) {
	fmt.Printf(`
Tabiya is up.

  API       %[1]s   (what there is: %[1]s/openapi.json)
  health    %[1]s/readyz   metrics: %[1]s/metrics
  data      %[2]s
  archive   s3://%[3]s at %[4]s
  for other programs on this machine: %[5]s

Try:

  curl -s %[1]s/v1/accounts -H 'Content-Type: application/json' -d '{"handle":"ada","password":"correct horse battery"}'

Ctrl-C stops; the next start goes on.

`, e.URL, c.Data, e.S3.Bucket, cmp.Or(e.S3.Endpoint, "Amazon S3"), endpointsFile(c.Data))
}
