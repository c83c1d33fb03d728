package archive

import "slices"

// cutter finds where one chunk ends, and counts what the chunk holds.
type cutter struct {
	limits     Limits
	decidedEnd int64 // the chunk's end as an earlier owner decided it, overrides the limits; 0 if undecided
	first      int64 // offset
	next       int64 // offset
	window     int64 // start, broker time in ms
	records    int
	bytes      int64
	regions    []string
}

// newCutter starts a chunk at its first record.
func newCutter(limits Limits, decidedEnd, offset, brokerTime int64) cutter {
	return cutter{limits: limits, decidedEnd: decidedEnd, first: offset, next: offset, window: limits.windowStart(brokerTime)}
}

// accepts reports whether the next record belongs to the chunk. If not, the chunk
// ends before it.
func (c *cutter) accepts(offset, brokerTime int64, size int, region string) bool {
	if c.decidedEnd != 0 {
		return offset < c.decidedEnd
	}
	if c.records == 0 {
		return true
	}
	return c.limits.windowStart(brokerTime) == c.window &&
		c.bytes+int64(size) <= c.limits.MaxBytes &&
		(len(c.regions) < maxRegions || slices.Contains(c.regions, region))
}

// add counts an accepted record and returns the index of its region.
func (c *cutter) add(offset int64, size int, region string) (regionIndex int) {
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

// full reports whether the chunk ends here, whatever the next record is.
func (c *cutter) full() bool {
	if c.decidedEnd != 0 {
		return c.next >= c.decidedEnd
	}
	return c.records >= c.limits.MaxRecords
}

// windowEnd returns the first millisecond after the chunk's window.
func (c *cutter) windowEnd() int64 { return c.window + c.limits.Window.Milliseconds() }
