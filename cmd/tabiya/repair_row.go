package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/kafka/topology"
	"tabiya/schemas"
	"tabiya/tables"
)

type repairRowCmd struct {
	kafkaFlags
	ID   string        `arg:"" name:"key" help:"The game, player or queue, as 'tabiya repair list' shows it."`
	Wait time.Duration `default:"5m" help:"How long to wait for the row."`
}

func (c repairRowCmd) Run(ctx context.Context) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	return repairRow(ctx, os.Stdout, cfg, c.ID, c.Wait)
}

// repairRow sends the command that repairs a row, and waits until the processor has
// written the row or has refused the command.
func repairRow(ctx context.Context, out io.Writer, cfg kafka.Config, key string, wait time.Duration) error {
	client, err := kgo.NewClient(cfg.Opts()...)
	if err != nil {
		return err
	}
	defer client.Close()
	topics, err := topology.Read(ctx, client)
	if err != nil {
		return err
	}
	rows, err := rowsSetAside(ctx, cfg)
	if err != nil {
		return err
	}
	corrupt, found := findSetAside(rows, key)
	if !found {
		// The owner may have set a row aside that can be read, as its timer cannot be
		// computed, or a queue whose row was deleted.
		if corrupt, err = lastRecord(ctx, client, topics, key); err != nil {
			return err
		}
	}
	aggregate, ok := schemas.AggregateOf(corrupt.Topic)
	if !ok {
		return fmt.Errorf("%s is not a table", corrupt.Topic)
	}
	producer, err := kafka.NewProducerFor(cfg, topics)
	if err != nil {
		return err
	}
	defer producer.Close()
	from, err := kafka.BrokerTime(ctx, cfg, producer)
	if err != nil {
		return err
	}
	cmd := schemas.Command{ID: schemas.NewID(), Type: schemas.RepairOf(aggregate.Commands), Key: key, Actor: schemas.ActorOperator}
	if err := producer.Send(ctx, cmd); err != nil {
		return fmt.Errorf("send %s: %w", cmd.Type, err)
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		repaired, err := outcomeOfRepair(waiting, cfg, cmd, corrupt, from.Add(-brokerSkew))
		if waiting.Err() != nil && ctx.Err() == nil {
			return fmt.Errorf("%s is not repaired after %s; is a %s processor running?", key, wait, aggregate.Group)
		}
		if err != nil {
			return err
		}
		if repaired {
			_, err := fmt.Fprintln(out, "repaired", key)
			return err
		}
		select {
		case <-waiting.Done():
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// brokerSkew is the largest expected difference between two brokers' clocks.
const brokerSkew = 10 * time.Second

// findSetAside returns the row of a key that is set aside on the key's own partition.
func findSetAside(rows []tables.SetAside, key string) (tables.SetAside, bool) {
	for _, r := range rows {
		if r.Key == key && r.State != tables.Misplaced {
			return r, true
		}
	}
	return tables.SetAside{}, false
}

// lastRecord returns where the last record of a key is, on the first table that has one.
func lastRecord(ctx context.Context, client *kgo.Client, topics topology.Snapshot, key string) (last tables.SetAside, err error) {
	for _, a := range schemas.Aggregates() {
		partition := kafka.PartitionOf(key, topics.Of(a.Table).Partitions)
		err := kafka.ReadPartition(ctx, client, a.Table, partition, time.UnixMilli(0), func(r *kgo.Record) error {
			if string(r.Key) == key {
				last = tables.SetAside{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: key}
			}
			return nil
		})
		if err != nil || last.Topic != "" {
			return last, err
		}
	}
	return last, fmt.Errorf("no row of %s is in a table", key)
}

// outcomeOfRepair reads replies and rows since a time and reports whether a good row
// follows the corrupt one. The error is the refusal of the command.
func outcomeOfRepair(ctx context.Context, cfg kafka.Config, cmd schemas.Command, corrupt tables.SetAside, from time.Time) (repaired bool, err error) {
	err = kafka.ReadSince(ctx, cfg, schemas.CommandReplies, from, func(r *kgo.Record) error {
		if reply, err := schemas.DecodeReply(r.Value); err == nil && reply.CommandID == cmd.ID {
			return errors.New(reply.Detail)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	err = kafka.ReadSince(ctx, cfg, corrupt.Topic, from, func(r *kgo.Record) error {
		if string(r.Key) == cmd.Key && r.Partition == corrupt.Partition && r.Offset > corrupt.Offset {
			repaired = verify(corrupt.Topic, cmd.Key, r.Value) == nil
		}
		return nil
	})
	return repaired, err
}

// verify returns an error if a record of a table is not the row of its key.
func verify(table, key string, raw []byte) error {
	switch table {
	case schemas.GamesTable:
		return tables.Games().Verify(key, raw)
	case schemas.PlayersTable:
		return tables.Players().Verify(key, raw)
	default:
		return tables.Queues().Verify(key, raw)
	}
}
