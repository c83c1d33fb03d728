package kafka

import (
	"testing"
	"time"
)

func TestLagIsZeroWhenCaughtUpAndElseAgeOfWaitingRecords(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_000_000)
	ago := func(s int) time.Time { return now.Add(-time.Duration(s) * time.Second) }
	cases := map[string]struct {
		p       partitionLag
		records int64
		seconds float64
	}{
		"caught up":                    {partitionLag{next: 10, at: ago(500), end: 10, caughtUp: ago(3)}, 0, 0},
		"behind since the last record": {partitionLag{next: 4, at: ago(60), end: 10, caughtUp: ago(300)}, 6, 60},
		"behind after idle":            {partitionLag{next: 9, at: ago(3600), end: 10, caughtUp: ago(4)}, 1, 4},
		"ahead of a stale end":         {partitionLag{next: 12, at: now, end: 10}, 0, 0},
		"the broker's clock is ahead":  {partitionLag{next: 1, at: now.Add(time.Hour), end: 2}, 1, 0},
	}
	for name, tc := range cases {
		if records, age := tc.p.behind(now); records != tc.records || age.Seconds() != tc.seconds {
			t.Errorf("%s: %d records, %s", name, records, age)
		}
	}
}
