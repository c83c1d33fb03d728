package sinks_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/schemas"
	"tabiya/sinks/archive"
	"tabiya/sinks/parquet"
	"tabiya/sinks/raw"
	"tabiya/sinks/sinktest"
)

// Two copies of each sink, which both own every partition, write the first archive,
// in several starts while the log is written. One copy writes the second, afterwards.
func TestReplayIntoASecondBucketWritesTheSameBytes(t *testing.T) {
	t.Parallel()
	log, first, second := sinktest.NewLog(t, partitions), objstoretest.New(t), objstoretest.New(t)
	both := func(bucket *objstoretest.Store, group string, encoders int) []sink {
		cfg := archiveConfig(t, log, bucket)
		cfg.Encoders = encoders
		cfg.Group = "raw-" + group
		r := must[*archive.Sink](t)(raw.New(cfg))
		cfg.Group = "parquet-" + group
		return []sink{r, must[*archive.Sink](t)(parquet.New(cfg))}
	}
	copies := append(both(first, "one", 2), both(first, "two", 1)...)
	runUntil(t, copies, func() bool { appendMixedLog(t, log); return true })
	for range 2 { // stopped at a random moment
		polls := 0
		runUntil(t, copies, func() bool { polls++; return polls > 20 })
	}
	runUntil(t, copies, func() bool { return archived(t, log, first, raw.Name) && archived(t, log, first, parquet.Name) })
	runUntil(t, both(second, "replay", 1), func() bool {
		return archived(t, log, second, raw.Name) && archived(t, log, second, parquet.Name)
	})
	for _, prefix := range []string{"raw/", "events/", "games/"} {
		files := sinktest.Files(t, second, prefix)
		if len(files) < 4 {
			t.Errorf("%d files under %s, want at least 4", len(files), prefix)
		}
		sinktest.SameFiles(t, sinktest.Files(t, first, prefix), files)
	}
}

func TestRecordsThatAreNotEventsAreDeadLettersWithAReason(t *testing.T) {
	t.Parallel()
	log, bucket := sinktest.NewLog(t, partitions), objstoretest.New(t)
	appendMixedLog(t, log)
	cfg := archiveConfig(t, log, bucket)
	runUntil(t, []sink{must[*archive.Sink](t)(raw.New(cfg)), must[*archive.Sink](t)(parquet.New(cfg))}, func() bool {
		return archived(t, log, bucket, raw.Name) && archived(t, log, bucket, parquet.Name)
	})
	got := make(map[string]string)
	for _, topic := range []string{schemas.GameEvents, schemas.PlayerEvents, schemas.QueueEvents} {
		if err := kafka.ReadAll(t.Context(), log.Config, schemas.DeadLetter(topic), func(r *kgo.Record) error {
			for _, h := range r.Headers {
				if h.Key == schemas.HeaderReason {
					got[string(r.Value)] = topic + ": " + string(h.Value)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{
		"\x00poison\xff": "game-events: decode event: not UTF-8",
		"":               "player-events: decode event: unexpected end of JSON input",
		`{"eventId":"of a later version","eventType":"GamePaused","payload":{}}`: `game-events: decode event: unknown type "GamePaused"`,
	}
	if len(got) != len(want) {
		t.Errorf("%d dead letters: %q", len(got), got)
	}
	for value, reason := range want {
		if got[value] != reason {
			t.Errorf("%q: reason %q, want %q", value, got[value], reason)
		}
	}
}
