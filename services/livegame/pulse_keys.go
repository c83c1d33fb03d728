package livegame

import (
	"sync"

	"tabiya/internal/kafka"
)

// pulseKeys remembers the pulse keys of partitions, because finding one takes a search.
type pulseKeys struct {
	mu   sync.Mutex
	n    int32
	keys []string // of each partition
}

// of returns the pulse key of a partition of n.
func (k *pulseKeys) of(partition, n int32) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.n != n {
		k.n, k.keys = n, make([]string, n)
		for p := range n {
			k.keys[p] = kafka.PulseKeyOf(p, n)
		}
	}
	return k.keys[partition]
}
