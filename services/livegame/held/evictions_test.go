package held

import (
	"testing"
	"time"
)

func TestFinishedGamesAreEvictedWhenDueOrTooMany(t *testing.T) {
	t.Parallel()
	f := &evictions{}
	now := time.Now()
	for n, id := range []string{"c", "a", "d", "b"} {
		f.add(id, now.Add(time.Duration([]int{3, 1, 4, 2}[n])*time.Second))
	}
	if got := ids(f.due(now, 4)); got != "" {
		t.Errorf("too early: %s", got)
	}
	if got := ids(f.due(now.Add(time.Second), 4)); got != "a" {
		t.Errorf("one is due: %s", got)
	}
	if got := ids(f.due(now, 1)); got != "bc" {
		t.Errorf("too many: %s", got)
	}
}

func ids(due []eviction) (all string) {
	for _, e := range due {
		all += e.gameID
	}
	return all
}
