package kafka_test

import (
	"fmt"
	"hash/fnv"
	"testing"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// Goka emits and recovers with sarama's hash partitioner over kafka.Hasher,
// services produce with kafka.Partitioner, and processors check keys with
// kafka.PartitionOf.
func TestFranzGoGokaAndPartitionOfAgreeOnEveryKey(t *testing.T) {
	t.Parallel()
	keys := []string{"", "a", "eu/3+2/0", "\xff\x00\xfe"}
	for range 3000 {
		keys = append(keys, schemas.NewID())
	}
	// Among these are hashes that are negative as an int32.
	for i := range 3000 {
		keys = append(keys, fmt.Sprint(i))
	}
	for _, n := range []int32{1, 2, 3, 7, 12, 32, 100} {
		franz := kafka.Partitioner().ForTopic("t")
		goka := sarama.NewCustomHashPartitioner(kafka.Hasher())("t")
		for _, key := range keys {
			want := kafka.PartitionOf(key, n)
			if got := franz.Partition(&kgo.Record{Key: []byte(key)}, int(n)); int32(got) != want {
				t.Fatalf("key %q of %d: franz-go says %d, PartitionOf %d", key, n, got, want)
			}
			got, err := goka.Partition(&sarama.ProducerMessage{Key: sarama.StringEncoder(key)}, n)
			if err != nil || got != want {
				t.Fatalf("key %q of %d: goka says %d, PartitionOf %d: %v", key, n, got, want, err)
			}
		}
	}
}

func TestPartitionOfUsesFNV1a(t *testing.T) {
	t.Parallel()
	for range 1000 {
		key := schemas.NewID()
		h := fnv.New32a()
		_, _ = h.Write([]byte(key))
		want := int32(h.Sum32()) % 32
		if want < 0 {
			want = -want
		}
		if got := kafka.PartitionOf(key, 32); got != want {
			t.Fatalf("%s: %d, not %d", key, got, want)
		}
	}
}
