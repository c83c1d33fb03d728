package processors_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"tabiya/processors"
	"tabiya/schemas"
)

// The broker of a replayed command may have been ahead of that of its events, by more
// than brokers usually differ: the events are found all the same.
func TestReplayFindsEventsThoughABrokersClockWasSet(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	const events, replayed = 5 * processors.LeastReplayRead, 2 * processors.LeastReplayRead
	var records []*kgo.Record
	id := func(i int) string { return schemas.EventID("g", int64(i)) }
	for i := range events {
		records = append(records, &kgo.Record{
			Topic: schemas.GameEvents, Key: []byte("g"), Value: fmt.Appendf(nil, `{"eventId":%q}`, id(i)),
			Headers: []kgo.RecordHeader{{Key: schemas.HeaderPlace, Value: strconv.AppendInt(nil, int64(i), 10)}},
		})
	}
	if err := r.producer.SendRecords(t.Context(), records...); err != nil {
		t.Fatal(err)
	}
	client, err := kgo.NewClient(r.Config.Opts()...)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	f := processors.NewReplayFilter()
	if err := f.Load(t.Context(), client, schemas.GameEvents, 0, events-replayed, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for i := events - replayed; i < events; i++ {
		if !f.Written(id(i)) {
			t.Fatalf("the event of the command at %d is not found", i)
		}
	}
	if f.Written(id(0)) {
		t.Error("all events were read")
	}
}
