package kafka

import (
	"hash"
	"hash/fnv"

	"github.com/twmb/franz-go/pkg/kgo"
)

// One hash decides in which partition a key lives: FNV-1a, as Goka does. Were
// it different anywhere, keys would be lost without an error.

// Hasher is the hash for Goka and sarama.
func Hasher() func() hash.Hash32 { return fnv.New32a }

// Partitioner is the hash for franz-go. Records without a key are spread.
func Partitioner() kgo.Partitioner {
	return kgo.StickyKeyPartitioner(kgo.SaramaCompatHasher(fnv32a[[]byte]))
}

// PartitionOf is the partition of a key in a topic with n partitions.
func PartitionOf(key string, n int32) int32 {
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
