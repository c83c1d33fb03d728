package archive

import (
	"fmt"
	"slices"
	"time"
)

// Limits say where a partition is cut into chunks. Two sinks cut alike only if
// their limits are the same.
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

// maxRegions in one chunk. More than there are regions in the world; a bound
// only because headers are not to be trusted.
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
		return fmt.Errorf("window %s is not a whole part of an hour of at least 1s", l.Window)
	case l.MaxRecords < 1:
		return fmt.Errorf("max records %d is not positive", l.MaxRecords)
	case l.MaxBytes < 1:
		return fmt.Errorf("max bytes %d is not positive", l.MaxBytes)
	}
	return nil
}

// window is the begin of the window that broker time at (ms) lies in, in ms.
func (l Limits) window(at int64) int64 {
	w := l.Window.Milliseconds()
	begin := at - at%w
	if at%w < 0 {
		begin -= w
	}
	return begin
}

// cut is an open chunk as the limits see it: what was put into it so far.
type cut struct {
	limits  Limits
	until   int64 // if not 0: end exactly here, the limits notwithstanding
	first   int64
	next    int64
	window  int64
	records int
	bytes   int64
	regions []string
}

// begins starts a chunk with its first record.
func begins(limits Limits, until int64, first, at int64) cut {
	return cut{limits: limits, until: until, first: first, next: first, window: limits.window(at)}
}

// takes reports whether the next record, with that broker time, size and
// region, still belongs to the chunk. If not, the chunk ends before it.
func (c *cut) takes(offset, at int64, size int, region string) bool {
	if c.until != 0 {
		return offset < c.until
	}
	if c.records == 0 {
		return true
	}
	return c.limits.window(at) == c.window &&
		c.bytes+int64(size) <= c.limits.MaxBytes &&
		(len(c.regions) < maxRegions || slices.Contains(c.regions, region))
}

// add counts a record that the chunk takes and gives the index of its region.
func (c *cut) add(offset int64, size int, region string) (regionIndex int) {
	c.next = offset + 1
	c.records++
	c.bytes += int64(size)
	i := slices.Index(c.regions, region)
	if i < 0 {
		i = len(c.regions)
		c.regions = append(c.regions, region)
	}
	return i
}

// full reports that the chunk ends here, whatever comes next.
func (c *cut) full() bool {
	if c.until != 0 {
		return c.next >= c.until
	}
	return c.records >= c.limits.MaxRecords
}

// windowEnd is the first millisecond after the chunk's window.
func (c *cut) windowEnd() int64 { return c.window + c.limits.Window.Milliseconds() }
