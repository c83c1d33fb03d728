package archive

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/internal/kafka"
	"tabiya/internal/objstore/objstoretest"
	"tabiya/schemas"
	"tabiya/sinks/sinktest"
)

func TestMoreRejectedRecordsThanABatchAreDeadLettersOnceEach(t *testing.T) {
	t.Parallel()
	const flood = 2*maxDeadLetters + 50
	log, bucket := sinktest.NewLog(t, 1), objstoretest.New(t)
	records := make([]*kgo.Record, flood)
	for i := range records {
		records[i] = &kgo.Record{Topic: schemas.GameEvents, Key: fmt.Append(nil, i), Value: []byte("poison")}
	}
	log.Append(t, append(records, &kgo.Record{Topic: schemas.GameEvents, Value: []byte("v")})...)
	log.Pass(time.Hour)
	s := start(t, log.Config, bucket, withLimits(Limits{Window: 5 * time.Minute, MaxRecords: 2 * flood, MaxBytes: 1 << 20}))
	s.waitArchived(0, flood+1)
	if got := archivedOffsets(sinktest.Files(t, bucket, "lines/"), 0); len(got) != 1 || got[0] != flood {
		t.Errorf("archived offsets %v, want only %d", got, flood)
	}
	dead := 0
	if err := kafka.ReadAll(t.Context(), log.Config, schemas.DeadLetter(schemas.GameEvents), func(r *kgo.Record) error {
		source := fmt.Sprintf("game-events/0/%d", dead)
		if string(r.Key) != fmt.Sprint(dead) || string(r.Value) != "poison" || string(r.Headers[1].Value) != source {
			return fmt.Errorf("dead letter %d is %q: %q of %s", dead, r.Key, r.Value, r.Headers[1].Value)
		}
		dead++
		return nil
	}); err != nil || dead != flood {
		t.Errorf("%d dead letters, want %d: %v", dead, flood, err)
	}
}
