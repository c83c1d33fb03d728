package archive

import (
	"strings"
	"testing"
	"time"
)

func TestInvalidRegionHeadersBecomeUnknown(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{
		"", "..", "../../etc", "eu/na", "eu\x00", "EU", "e", "region=eu", "eu ", "é", strings.Repeat("a", 17), "eu/../..", "-eu", "eu-",
	} {
		if got := RegionOf(hostile); got != UnknownRegion {
			t.Errorf("%q: got %q", hostile, got)
		}
	}
	if RegionOf("ap-south-1") != "ap-south-1" {
		t.Error("a valid region was rejected")
	}
}

func TestChunkFolderAndName(t *testing.T) {
	t.Parallel()
	c := Chunk{Topic: "game-events", Partition: 7, First: 1234, Window: time.Date(2026, 3, 29, 7, 55, 0, 0, time.UTC)}
	if got := c.Folder("eu") + "/" + c.Name(); got != "region=eu/date=2026-03-29/hour=07/00007-00000000000000001234" {
		t.Error(got)
	}
}
