package topology

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

const (
	// ensureTimeout is enough to read the ends of some hundred partitions, should topology
	// be lost.
	ensureTimeout = 2 * time.Minute
	// ensurePatience is how long Ensure begins anew: topics that were just made are not
	// known to every broker.
	ensurePatience = 10 * time.Second
)

// Ensure writes the first record of every aggregate that has none. All topics must
// exist. Beside a log it writes the generation that the log is of, since the record must
// have been lost. It changes no record: two processes that call it at once see the same
// topics and so write the same bytes, and one that dies in between leaves the rest to
// the next.
func Ensure(ctx context.Context, cfg kafka.Config) error {
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return fmt.Errorf("ensure topology: %w", err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, ensureTimeout)
	defer cancel()
	for began := time.Now(); ; {
		err := ensure(ctx, cfg, client)
		if err == nil || !kerr.IsRetriable(err) && !errors.Is(err, ErrMismatch) || time.Since(began) > ensurePatience {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func ensure(ctx context.Context, cfg kafka.Config, client *kgo.Client) error {
	now, err := read(ctx, client)
	if err != nil {
		return err
	}
	var missing []schemas.Topology
	for _, a := range schemas.Aggregates() {
		if _, ok := now.records[a.Name]; ok {
			continue
		}
		first, err := present(ctx, client, a)
		if err != nil {
			return err
		}
		if first, err = restore(ctx, client, first, a); err != nil {
			return err
		}
		missing = append(missing, first)
	}
	return write(ctx, cfg, missing...)
}

// present returns the first generation of an aggregate, with its topics as they are.
func present(ctx context.Context, client *kgo.Client, a schemas.Aggregate) (schemas.Topology, error) {
	t := schemas.Topology{Aggregate: a.Name, Generation: 1, Format: schemas.OldestFormat}
	details, err := kadm.NewClient(client).ListTopics(ctx, a.Commands, a.Table, a.Events)
	if err := errors.Join(err, details.Error()); err != nil {
		return t, fmt.Errorf("look up the topics of %s: %w", a.Name, err)
	}
	t.Partitions = int32(len(details[a.Commands].Partitions))
	for _, name := range []string{a.Table, a.Events} {
		if n := int32(len(details[name].Partitions)); n != t.Partitions {
			return t, fmt.Errorf("topic %s has %d partitions and %s has %d: the topics of an aggregate need as many", name, n, a.Commands, t.Partitions)
		}
	}
	t.Commands = schemas.TopicIdentity{ID: idOf(details[a.Commands]), Since: 1}
	t.Table = schemas.TopicIdentity{ID: idOf(details[a.Table]), Since: 1}
	t.Events = schemas.TopicIdentity{ID: idOf(details[a.Events]), Since: 1}
	return t, nil
}

func write(ctx context.Context, cfg kafka.Config, all ...schemas.Topology) error {
	producer, err := kafka.NewProducer(cfg)
	if err != nil {
		return fmt.Errorf("write topology: %w", err)
	}
	defer producer.Close()
	var records []*kgo.Record
	for _, t := range all {
		records = append(records, &kgo.Record{Topic: schemas.TopologyTopic, Key: []byte(t.Aggregate), Value: t.Encode()})
	}
	if err := producer.SendRecords(ctx, records...); err != nil {
		return fmt.Errorf("write topology: %w", err)
	}
	return nil
}
