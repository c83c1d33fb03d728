package archive

import (
	"fmt"
	"time"
)

// Limits say where a partition is cut into chunks. Two sinks cut the same chunks
// only if they have the same limits.
type Limits struct {
	// Window is the broker time that one chunk covers at most, aligned to the
	// hour. It divides an hour. Default 5 minutes.
	Window time.Duration
	// MaxRecords in a chunk, over all its regions. Default 122,880: a file is
	// one Parquet row group, encoded as soon as it is full.
	MaxRecords int
	// MaxBytes of keys and values in a chunk. Default 64 MiB.
	MaxBytes int64
}

// maxRegions is the limit of regions in one chunk, because a header may contain any
// region. A platform has far fewer.
const maxRegions = 64

func (l Limits) withDefaults() Limits {
	if l.Window == 0 {
		l.Window = 5 * time.Minute
	}
	if l.MaxRecords == 0 {
		l.MaxRecords = 122_880
	}
	if l.MaxBytes == 0 {
		l.MaxBytes = 64 << 20
	}
	return l
}

func (l Limits) validate() error {
	switch {
	case l.Window < time.Second || time.Hour%l.Window != 0 || l.Window%time.Millisecond != 0:
		return fmt.Errorf("window %s does not divide an hour, or is shorter than 1s", l.Window)
	case l.MaxRecords < 1:
		return fmt.Errorf("max records %d is not positive", l.MaxRecords)
	case l.MaxBytes < 1:
		return fmt.Errorf("max bytes %d is not positive", l.MaxBytes)
	}
	return nil
}

// windowStart returns the start of the window that contains a broker time. Both
// are Unix milliseconds.
func (l Limits) windowStart(brokerTime int64) int64 {
	window := l.Window.Milliseconds()
	start := brokerTime - brokerTime%window
	if brokerTime%window < 0 {
		start -= window
	}
	return start
}
