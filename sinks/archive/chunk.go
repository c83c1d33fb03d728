package archive

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/schemas"
)

// Chunk is a contiguous range of one partition's offsets.
type Chunk struct {
	Topic     string
	Partition int32
	First     int64     // offset of its first record; part of its files' names
	Next      int64     // offset of its last record, plus one
	Window    time.Time // start of its broker-time window, UTC
}

// Name returns the name of the chunk's files within their folders. It is padded,
// so that names sort as offsets do.
func (c Chunk) Name() string { return fmt.Sprintf("%05d-%020d", c.Partition, c.First) }

// Folder returns the Hive-partitioned folder of a region's file.
func (c Chunk) Folder(region string) string {
	return fmt.Sprintf("region=%s/date=%s/hour=%s", region, c.Window.Format(time.DateOnly), c.Window.Format("15"))
}

// UnknownRegion is the region of records whose region header is missing or is not
// a valid region.
const UnknownRegion = "unknown"

// RegionOf returns the region to use in a path for a region header: the header
// itself if it is a valid region, else UnknownRegion.
func RegionOf(header string) string {
	if schemas.ValidRegion(header) {
		return header
	}
	return UnknownRegion
}

func recordRegion(r *kgo.Record) string {
	return RegionOf(string(kafka.Header(r, schemas.HeaderRegion)))
}
