package kafkatest

import (
	"context"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Transact writes records in a transaction, each to its Partition. Behind them stands a
// marker in each partition, which takes an offset but is no record.
func (c *Cluster) Transact(t testing.TB, end kgo.TransactionEndTry, records ...*kgo.Record) {
	t.Helper()
	client, err := kgo.NewClient(append(c.Config.Opts(), kgo.TransactionalID("kafkatest"), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := client.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if err := client.EndTransaction(ctx, end); err != nil {
		t.Fatal(err)
	}
}
