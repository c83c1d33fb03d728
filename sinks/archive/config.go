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

// Config of an archive sink. Kafka, Bucket and Logger are needed.
type Config struct {
	Kafka  kafka.Config
	Bucket Bucket
	Limits Limits
	// Group is the consumer group; "sink-" and the format's name by default.
	// Progress does not depend on it.
	Group string
	// Topics to archive; all events topics by default.
	Topics []string
	// Grace is how far the broker's clock has to be past an idle partition's
	// window before the window is closed. It covers the difference between two
	// brokers' clocks and a follower that is behind. Default 10 seconds.
	Grace time.Duration
	// Encoders is how many files are encoded at the same time; each holds one
	// row group, some 50 MiB. Default 1.
	Encoders int
	// Turn, if set, has room for one and is shared by the sinks of a process that
	// has more to do: one file at a time is encoded among them, so that a burst
	// of closing files leaves the other cores to whoever waits for an answer.
	Turn chan struct{}
	// TempDir is where open chunks wait; the system's by default. It needs room
	// for two chunks a partition.
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
