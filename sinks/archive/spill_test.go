package archive

import (
	"bufio"
	"slices"
	"strings"
	"testing"
)

func TestSpillFileReturnsTheRecordsOfOneRegion(t *testing.T) {
	t.Parallel()
	s, err := newSpillFile(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	big := strings.Repeat("x", 3*spillBufferSize)
	want := []string{"a0=", "a2=" + big, "=4", "="}
	for i, r := range []struct {
		region     int
		key, value string
	}{{0, "a0", ""}, {1, "b1", big}, {0, "a2", big}, {1, "b3", "v"}, {0, "", "4"}, {0, "", ""}} {
		if err := s.append(r.region, Record{Offset: int64(i), BrokerTime: -int64(i), Key: []byte(r.key), Value: []byte(r.value)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.seal(); err != nil {
		t.Fatal(err)
	}
	var got []string
	records := s.records(0, bufio.NewReader(nil))
	for rec := (Record{}); records.Next(&rec); {
		if rec.BrokerTime != -rec.Offset {
			t.Errorf("offset %d has broker time %d", rec.Offset, rec.BrokerTime)
		}
		got = append(got, string(rec.Key)+"="+string(rec.Value))
	}
	if records.Err() != nil || !slices.Equal(got, want) {
		t.Errorf("%d records, %v", len(got), records.Err())
	}
	if none := s.records(9, bufio.NewReader(nil)); none.Next(&Record{}) || none.Err() != nil {
		t.Error("got a record of a region that has none")
	}
}
