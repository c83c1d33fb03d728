package archive

import (
	"fmt"
	"time"

	"tabiya/schemas"
)

// UnknownRegion takes the records whose region header is missing or could not
// be a folder's name.
const UnknownRegion = "unknown"

// RegionOf makes a folder's name of a region header. Nothing but a valid region
// gets into a path.
func RegionOf(header string) string {
	if schemas.ValidRegion(header) {
		return header
	}
	return UnknownRegion
}

// Chunk is a contiguous range of one partition's offsets.
type Chunk struct {
	Topic     string
	Partition int32
	First     int64     // offset of its first record; part of its files' names
	Next      int64     // offset of its last record, plus one
	Window    time.Time // begin of its broker-time window, UTC
}

// Name is what a chunk's files are called within their folders. It is padded,
// so that names sort as offsets do.
func (c Chunk) Name() string { return fmt.Sprintf("%05d-%020d", c.Partition, c.First) }

// Folder is the hive-partitioned folder of a region's file.
func (c Chunk) Folder(region string) string {
	return fmt.Sprintf("region=%s/date=%s/hour=%s", region, c.Window.Format(time.DateOnly), c.Window.Format("15"))
}
