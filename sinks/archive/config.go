package archive

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// Config configures an archive sink. Kafka, Bucket and Logger are required.
type Config struct {
	Kafka  kafka.Config
	Bucket Bucket
	Limits Limits
	// Group is the consumer group. Default "sink-" and the format's name. The
	// stored progress does not depend on it.
	Group string
	// Topics to archive. Default all events topics.
	Topics []string
	// Grace is how far the broker's clock has to be past an idle partition's window
	// before its chunk is sealed. It covers the difference between two brokers'
	// clocks and a replica that lags. Default 10 seconds.
	Grace time.Duration
	// Encoders is how many files are encoded at the same time. Each encoder holds
	// one row group, some 50 MiB. Default 1.
	Encoders int
	// EncodeSlot, if set, is a semaphore (a channel of capacity 1) that the sinks of
	// a process share, so that they encode one chunk at a time among them: a burst
	// of sealed chunks then leaves the other cores to requests.
	EncodeSlot chan struct{}
	// TempDir is the folder of spill files. It needs room for three chunks for each
	// partition (open, waiting, being archived). Default the system's.
	TempDir    string
	Logger     *slog.Logger
	Registerer prometheus.Registerer // nil: no metrics
}

func (c Config) withDefaults(format string) Config {
	c.Limits = c.Limits.withDefaults()
	if c.Group == "" {
		c.Group = "sink-" + format
	}
	if len(c.Topics) == 0 {
		c.Topics = []string{schemas.PlayerEvents, schemas.QueueEvents, schemas.GameEvents}
	}
	if c.Grace == 0 {
		c.Grace = 10 * time.Second
	}
	if c.Encoders == 0 {
		c.Encoders = 1
	}
	if c.TempDir == "" {
		c.TempDir = os.TempDir()
	}
	return c
}

func (c Config) validate() error {
	switch {
	case c.Bucket == nil:
		return errors.New("archive: no bucket")
	case c.Logger == nil:
		return errors.New("archive: no logger")
	case c.Grace < 0:
		return fmt.Errorf("archive: grace %s is negative", c.Grace)
	case c.Encoders < 1:
		return fmt.Errorf("archive: %d encoders", c.Encoders)
	}
	if err := c.Limits.validate(); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return c.Kafka.Validate()
}
