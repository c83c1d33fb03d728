package schemas_test

import (
	"testing"

	"tabiya/schemas"
)

func TestOffsetsOfACopyKeepTheirPlaces(t *testing.T) {
	t.Parallel()
	id := schemas.TopicIdentity{Since: 4, Copied: []schemas.Copied{{1, []int64{10, 0}}, {3, []int64{15, 5}}}}
	for _, c := range []struct {
		partition          int32
		offset, generation int64
		copied             bool
	}{
		{0, 0, 1, true}, {0, 9, 1, true}, {0, 10, 3, true}, {0, 14, 3, true}, {0, 15, 4, false},
		{1, 0, 3, true}, {1, 4, 3, true}, {1, 5, 4, false},
	} {
		place := id.Place(c.partition, c.offset)
		if place != schemas.Place(c.generation, c.offset) || id.IsCopy(c.partition, c.offset) != c.copied {
			t.Errorf("%+v has place %s", c, schemas.FormatPlace(place))
		}
		if offset, ok, err := id.Resume(c.partition, place); offset != c.offset || !ok || err != nil {
			t.Errorf("%+v resumes at %d, %t, %v", c, offset, ok, err)
		}
		end := id.End(c.partition, c.offset+1)
		if offset, ok, err := id.Resume(c.partition, end); end != place+1 || offset != c.offset+1 || !ok || err != nil {
			t.Errorf("behind %+v resumes at %d, %t, %v", c, offset, ok, err)
		}
	}
}

func TestResumeOfOtherGenerations(t *testing.T) {
	t.Parallel()
	id := schemas.TopicIdentity{Since: 4, Copied: []schemas.Copied{{3, []int64{10}}}}
	if _, ok, err := id.Resume(0, schemas.Place(2, 7)); ok || err != nil {
		t.Errorf("a generation that is gone: %t, %v", ok, err)
	}
	if offset, ok, err := id.Resume(0, schemas.Place(3, 12)); offset != 10 || !ok || err != nil {
		t.Errorf("a place beyond the copy: %d, %t, %v", offset, ok, err)
	}
	if _, _, err := id.Resume(0, schemas.Place(5, 0)); err == nil {
		t.Error("a later generation is resumed")
	}
	first := schemas.TopicIdentity{Since: 1}
	if first.Place(0, 7) != 7 || first.End(0, 0) != 0 || first.IsCopy(0, 0) {
		t.Error("places of the first generation are not the offsets")
	}
}
