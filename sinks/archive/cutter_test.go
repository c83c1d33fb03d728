package archive

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// ms returns the Unix milliseconds of a time of day.
func ms(t *testing.T, clock string) int64 {
	t.Helper()
	at, err := time.Parse("15:04:05.000", clock)
	if err != nil {
		t.Fatal(err)
	}
	return time.Date(2026, 3, 29, at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC).UnixMilli()
}

// consumed is a record as the cutter sees it.
type consumed struct {
	clock  string
	size   int
	region string
}

// chunksOf returns the chunks of records at offsets 0, 1, 2...: their window and
// offsets.
func chunksOf(t *testing.T, limits Limits, records []consumed) (chunks []string) {
	var c *cutter
	end := func() {
		window := time.UnixMilli(c.window).UTC().Format("15:04")
		chunks = append(chunks, fmt.Sprintf("%s %d-%d", window, c.first, c.next))
	}
	for i, r := range records {
		at := ms(t, r.clock)
		if c != nil && (c.full() || !c.accepts(int64(i), at, r.size, r.region)) {
			end()
			c = nil
		}
		if c == nil {
			started := newCutter(limits, 0, int64(i), at)
			c = &started
		}
		c.add(int64(i), r.size, r.region)
	}
	end()
	return chunks
}

func TestChunkEndsAtItsLimits(t *testing.T) {
	t.Parallel()
	many := make([]consumed, 2*maxRegions)
	for i := range many {
		many[i] = consumed{"11:00:00.000", 1, fmt.Sprintf("r%d", i)}
	}
	limits := Limits{Window: 5 * time.Minute, MaxRecords: 100, MaxBytes: 1000}
	for name, test := range map[string]struct {
		limits  Limits
		records []consumed
		want    []string
	}{
		"edge of a window": {limits,
			[]consumed{{"11:00:00.000", 1, "eu"}, {"11:04:59.999", 1, "eu"}, {"11:05:00.000", 1, "eu"}},
			[]string{"11:00 0-2", "11:05 2-3"}},
		"edge of an hour": {Limits{Window: time.Hour, MaxRecords: 100, MaxBytes: 1000},
			[]consumed{{"11:59:59.999", 1, "eu"}, {"12:00:00.000", 1, "eu"}, {"12:59:59.999", 1, "eu"}},
			[]string{"11:00 0-1", "12:00 1-3"}},
		"empty windows in between": {limits,
			[]consumed{{"11:00:00.000", 1, "eu"}, {"15:32:00.000", 1, "eu"}},
			[]string{"11:00 0-1", "15:30 1-2"}},
		"clock that goes backwards": {limits,
			[]consumed{{"11:05:00.001", 1, "eu"}, {"11:04:59.999", 1, "eu"}, {"11:05:00.002", 1, "eu"}},
			[]string{"11:05 0-1", "11:00 1-2", "11:05 2-3"}},
		"records": {Limits{Window: time.Hour, MaxRecords: 2, MaxBytes: 1000},
			[]consumed{{"11:00:00.000", 1, "eu"}, {"11:00:00.000", 1, "na"}, {"11:00:00.000", 1, "eu"}},
			[]string{"11:00 0-2", "11:00 2-3"}},
		"bytes": {Limits{Window: time.Hour, MaxRecords: 100, MaxBytes: 10},
			[]consumed{{"11:00:00.000", 6, "eu"}, {"11:00:00.000", 4, "eu"}, {"11:00:00.000", 1, "eu"}, {"11:00:00.000", 100, "eu"}, {"11:00:00.000", 1, "eu"}},
			[]string{"11:00 0-2", "11:00 2-3", "11:00 3-4", "11:00 4-5"}},
		"regions": {Limits{Window: time.Hour, MaxRecords: 1000, MaxBytes: 1000}, many,
			[]string{fmt.Sprintf("11:00 0-%d", maxRegions), fmt.Sprintf("11:00 %d-%d", maxRegions, 2*maxRegions)}},
	} {
		if got := chunksOf(t, test.limits, test.records); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestLimitsAcceptOnlyWindowsThatDivideAnHour(t *testing.T) {
	t.Parallel()
	for window, ok := range map[time.Duration]bool{
		time.Second: true, 5 * time.Minute: true, time.Hour: true,
		7 * time.Minute: false, 2 * time.Hour: false, time.Millisecond: false, -time.Minute: false,
	} {
		if err := (Limits{Window: window, MaxRecords: 1, MaxBytes: 1}).validate(); (err == nil) != ok {
			t.Errorf("%s: %v", window, err)
		}
	}
}

func TestWindowStartBefore1970(t *testing.T) {
	t.Parallel()
	if start := (Limits{Window: time.Minute}).windowStart(-1); start != -60_000 {
		t.Errorf("got %d", start)
	}
}
