package matchmaking

import (
	"sync"
	"time"

	"tabiya/schemas"
)

// maxSilence is how long an instance may give no sign before its leases end.
const maxSilence = 5 * schemas.InstanceSignEvery

// instances knows which instances of the service live, by their signs. It is safe for
// concurrent use.
type instances struct {
	mu        sync.Mutex
	listening time.Time // since when signs are read without a gap; zero: not yet
	heard     map[string]time.Time
}

// Listen notes that signs are read from now on.
func (i *instances) Listen() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.listening = time.Now()
}

// Hear notes the sign of an instance.
func (i *instances) Hear(instance string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Now()
	if i.heard == nil {
		i.heard = make(map[string]time.Time)
	}
	i.heard[instance] = now
	for id, at := range i.heard {
		if now.Sub(at) > 10*maxSilence {
			delete(i.heard, id)
		}
	}
}

// silent returns those of the instances that have given no sign for too long. known is
// false if signs have not been read for long enough to say, and an instance was not heard
// of lately.
func (i *instances) silent(of []string) (silent []string, known bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	now := time.Now()
	for _, id := range of {
		if now.Sub(i.heard[id]) > maxSilence {
			silent = append(silent, id)
		}
	}
	if len(silent) > 0 && (i.listening.IsZero() || now.Sub(i.listening) < maxSilence) {
		return nil, false
	}
	return silent, true
}
