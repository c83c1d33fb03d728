package kafka

import (
	"hash"
	"hash/fnv"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// All clients map keys to partitions with Goka's hash, FNV-1a. A client with
// another hash would write records that Goka never looks up, without an error.

// Hasher returns the hash for Goka and sarama.
func Hasher() func() hash.Hash32 { return fnv.New32a }

// Partitioner returns the partitioner for franz-go. It spreads records without a
// key over all partitions.
func Partitioner() kgo.Partitioner {
	return kgo.StickyKeyPartitioner(kgo.SaramaCompatHasher(fnv32a[[]byte]))
}

// PartitionOf returns the partition of a key in a topic with n partitions.
func PartitionOf(key string, n int32) int32 { return partitionOf(key, n) }

func partitionOf[T string | []byte](key T, n int32) int32 {
	p := int32(fnv32a(key)) % n
	if p < 0 {
		p = -p
	}
	return p
}

func fnv32a[T string | []byte](key T) uint32 {
	const offset, prime = 2166136261, 16777619
	h := uint32(offset)
	for i := range len(key) {
		h = (h ^ uint32(key[i])) * prime
	}
	return h
}

// PulseKeyOf returns the key of the pulses of a partition of game-commands, which has
// n partitions.
func PulseKeyOf(partition, n int32) string {
	for i := 0; ; i++ {
		if key := schemas.PulseKey(i); PartitionOf(key, n) == partition {
			return key
		}
	}
}
