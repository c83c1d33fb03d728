package archive

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func ms(t *testing.T, clock string) int64 {
	t.Helper()
	at, err := time.Parse("15:04:05.000", clock)
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, 3, 29, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC).UnixMilli()
}

type arriving struct {
	clock  string
	size   int
	region string
}

// chunksOf cuts records that arrive at offsets 0, 1, 2...
func chunksOf(t *testing.T, limits Limits, records []arriving) (chunks []string) {
	var c *cut
	note := func() {
		window := time.UnixMilli(c.window).UTC().Format("15:04")
		chunks = append(chunks, fmt.Sprintf("%s %d-%d", window, c.first, c.next))
	}
	for i, r := range records {
		at := ms(t, r.clock)
		if c != nil && (c.full() || !c.takes(int64(i), at, r.size, r.region)) {
			note()
			c = nil
		}
		if c == nil {
			begun := begins(limits, 0, int64(i), at)
			c = &begun
		}
		c.add(int64(i), r.size, r.region)
	}
	note()
	return chunks
}

func TestAChunkEndsWhereTheLogSaysSo(t *testing.T) {
	t.Parallel()
	many := make([]arriving, 2*maxRegions)
	for i := range many {
		many[i] = arriving{"11:00:00.000", 1, fmt.Sprintf("r%d", i)}
	}
	limits := Limits{Window: 5 * time.Minute, MaxRecords: 100, MaxBytes: 1000}
	for name, test := range map[string]struct {
		limits  Limits
		records []arriving
		want    []string
	}{
		"a window's last and first millisecond": {limits,
			[]arriving{{"11:00:00.000", 1, "eu"}, {"11:04:59.999", 1, "eu"}, {"11:05:00.000", 1, "eu"}},
			[]string{"11:00 0-2", "11:05 2-3"}},
		"the edge of an hour, in a window that would cross it": {Limits{Window: time.Hour, MaxRecords: 100, MaxBytes: 1000},
			[]arriving{{"11:59:59.999", 1, "eu"}, {"12:00:00.000", 1, "eu"}, {"12:59:59.999", 1, "eu"}},
			[]string{"11:00 0-1", "12:00 1-3"}},
		"empty windows between": {limits,
			[]arriving{{"11:00:00.000", 1, "eu"}, {"15:32:00.000", 1, "eu"}},
			[]string{"11:00 0-1", "15:30 1-2"}},
		"a clock that ran back puts no record into a wrong window": {limits,
			[]arriving{{"11:05:00.001", 1, "eu"}, {"11:04:59.999", 1, "eu"}, {"11:05:00.002", 1, "eu"}},
			[]string{"11:05 0-1", "11:00 1-2", "11:05 2-3"}},
		"records": {Limits{Window: time.Hour, MaxRecords: 2, MaxBytes: 1000},
			[]arriving{{"11:00:00.000", 1, "eu"}, {"11:00:00.000", 1, "na"}, {"11:00:00.000", 1, "eu"}},
			[]string{"11:00 0-2", "11:00 2-3"}},
		"bytes": {Limits{Window: time.Hour, MaxRecords: 100, MaxBytes: 10},
			[]arriving{{"11:00:00.000", 6, "eu"}, {"11:00:00.000", 4, "eu"}, {"11:00:00.000", 1, "eu"}, {"11:00:00.000", 100, "eu"}, {"11:00:00.000", 1, "eu"}},
			[]string{"11:00 0-2", "11:00 2-3", "11:00 3-4", "11:00 4-5"}},
		"regions": {Limits{Window: time.Hour, MaxRecords: 1000, MaxBytes: 1000}, many,
			[]string{fmt.Sprintf("11:00 0-%d", maxRegions), fmt.Sprintf("11:00 %d-%d", maxRegions, 2*maxRegions)}},
	} {
		if got := chunksOf(t, test.limits, test.records); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, not %v", name, got, test.want)
		}
	}
}

func TestAWindowIsAWholePartOfAnHour(t *testing.T) {
	t.Parallel()
	for window, ok := range map[time.Duration]bool{
		time.Second: true, 5 * time.Minute: true, time.Hour: true,
		7 * time.Minute: false, 2 * time.Hour: false, time.Millisecond: false, -time.Minute: false,
	} {
		if err := (Limits{Window: window, MaxRecords: 1, MaxBytes: 1}).validate(); (err == nil) != ok {
			t.Errorf("%s: %v", window, err)
		}
	}
	if begin := (Limits{Window: time.Minute}).window(-1); begin != -60_000 {
		t.Errorf("before 1970: %d", begin)
	}
}

func TestNoHeaderGetsOutOfItsFolder(t *testing.T) {
	t.Parallel()
	for _, hostile := range []string{
		"", "..", "../../etc", "eu/na", "eu\x00", "EU", "e", "region=eu", "eu ", "é", strings.Repeat("a", 17), "eu/../..", "-eu", "eu-",
	} {
		if got := RegionOf(hostile); got != UnknownRegion {
			t.Errorf("%q became %q", hostile, got)
		}
	}
	if RegionOf("ap-south-1") != "ap-south-1" {
		t.Error("a good region was refused")
	}
	c := Chunk{Topic: "game-events", Partition: 7, First: 1234, Window: time.Date(2026, 3, 29, 7, 55, 0, 0, time.UTC)}
	if got := c.Folder("eu") + "/" + c.Name(); got != "region=eu/date=2026-03-29/hour=07/00007-00000000000000001234" {
		t.Error(got)
	}
}

func TestASpoolGivesBackARegionsRecords(t *testing.T) {
	t.Parallel()
	s, err := newSpool(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	big := strings.Repeat("x", 3*spoolBuffer)
	want := []string{"a0=", "a2=" + big, "=4", "="}
	for i, r := range []struct {
		region     int
		key, value string
	}{{0, "a0", ""}, {1, "b1", big}, {0, "a2", big}, {1, "b3", "v"}, {0, "", "4"}, {0, "", ""}} {
		if err := s.add(r.region, Record{Offset: int64(i), At: -int64(i), Key: []byte(r.key), Value: []byte(r.value)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.seal(); err != nil {
		t.Fatal(err)
	}
	var got []string
	records := s.records(0, bufio.NewReader(nil))
	for rec := (Record{}); records.Next(&rec); {
		if rec.At != -rec.Offset {
			t.Errorf("offset %d at %d", rec.Offset, rec.At)
		}
		got = append(got, string(rec.Key)+"="+string(rec.Value))
	}
	if records.Err() != nil || !slices.Equal(got, want) {
		t.Errorf("%d records, %v", len(got), records.Err())
	}
	if none := s.records(9, bufio.NewReader(nil)); none.Next(&Record{}) || none.Err() != nil {
		t.Error("a region without records has one")
	}
}
