package kafka

import (
	"log/slog"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/schemas"
)

// maxUnknownTypes is how many types a reader names in its log. Anybody who can write
// to a topic can invent types.
const maxUnknownTypes = 32

// UnknownTypes logs the types of messages that a reader skips because its release does
// not know them: each once.
type UnknownTypes struct {
	logger *slog.Logger

	mu   sync.Mutex
	seen map[string]bool
}

// NewUnknownTypes creates an UnknownTypes.
func NewUnknownTypes(logger *slog.Logger) *UnknownTypes {
	return &UnknownTypes{logger: logger, seen: make(map[string]bool)}
}

// Log logs the record unless one of its type was logged before.
func (u *UnknownTypes) Log(r *kgo.Record, err error) {
	name := string(Header(r, schemas.HeaderType))
	name = name[:min(len(name), 60)]
	u.mu.Lock()
	known := u.seen[name] || len(u.seen) >= maxUnknownTypes
	if !known {
		u.seen[name] = true
	}
	u.mu.Unlock()
	if !known {
		u.logger.Warn("records of a type that this release does not know are skipped", "event_type", name,
			"topic", r.Topic, "partition", r.Partition, "offset", r.Offset, "err", err)
	}
}
