package schemas_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"tabiya/schemas"
)

func topology() schemas.Topology {
	return schemas.Topology{
		Aggregate: "game", Generation: 3, Format: 1, Partitions: 2,
		Commands: schemas.TopicIdentity{ID: "0198c0de-0000-7000-8000-000000000001", Since: 3},
		Table:    schemas.TopicIdentity{ID: "0198c0de-0000-7000-8000-000000000002", Since: 1},
		Events:   schemas.TopicIdentity{ID: "0198c0de-0000-7000-8000-000000000003", Since: 2},
	}
}

func TestTopologyMatchesGoldenFile(t *testing.T) {
	t.Parallel()
	want := topology()
	checkGolden(t, "topology", "game", want.Encode())
	copied := topology()
	copied.Events.Copied = []schemas.Copied{{Generation: 1, Ends: []int64{12, 0}}}
	checkGolden(t, "topology", "game-copied", copied.Encode())
	if got, err := schemas.DecodeTopology(copied.Encode()); err != nil || !reflect.DeepEqual(got, copied) {
		t.Errorf("decoded as %+v: %v", got, err)
	}
	if got, err := schemas.DecodeTopology(want.Encode()); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("decoded as %+v: %v", got, err)
	}
	checkGoldenCount(t, "topology", 2)
	raw, err := os.ReadFile("testdata/topology/game.json")
	if err != nil {
		t.Fatal(err)
	}
	later := strings.Replace(string(raw), "{", `{"added":{"by":"a later release"},`, 1)
	if got, err := schemas.DecodeTopology([]byte(later)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("with an unknown field decoded as %+v: %v", got, err)
	}
}

func TestMalformedTopologyIsAnError(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(*schemas.Topology){
		"no generation":          func(t *schemas.Topology) { t.Generation = 0 },
		"too many generations":   func(t *schemas.Topology) { t.Generation = schemas.MaxGeneration + 1 },
		"no format":              func(t *schemas.Topology) { t.Format = 0 },
		"no partitions":          func(t *schemas.Topology) { t.Partitions = 0 },
		"no topic id":            func(t *schemas.Topology) { t.Events.ID = "" },
		"topic of a later state": func(t *schemas.Topology) { t.Table.Since = 4 },
		"ends of one partition": func(t *schemas.Topology) {
			t.Events.Copied = []schemas.Copied{{Generation: 1, Ends: []int64{1}}}
		},
		"copy of the present generation": func(t *schemas.Topology) {
			t.Events.Copied = []schemas.Copied{{Generation: 2, Ends: []int64{1, 1}}}
		},
	} {
		bad := topology()
		change(&bad)
		if got, err := schemas.DecodeTopology(bad.Encode()); err == nil {
			t.Errorf("%s: decoded as %+v", what, got)
		}
	}
	for _, value := range []string{"", "{}", "[]", "\x00"} {
		if got, err := schemas.DecodeTopology([]byte(value)); err == nil {
			t.Errorf("%q: decoded as %+v", value, got)
		}
	}
}

func TestPlacesAreOrderedByGenerationAndOffset(t *testing.T) {
	t.Parallel()
	const most = 1<<48 - 1
	last := int64(-1)
	for _, at := range [][2]int64{{1, 0}, {1, 41}, {1, most}, {2, 0}, {2, 7}, {schemas.MaxGeneration, most}} {
		place := schemas.Place(at[0], at[1])
		if place <= last {
			t.Errorf("place %d of %v is not after %d", place, at, last)
		}
		if g, o := schemas.SplitPlace(place); g != at[0] || o != at[1] {
			t.Errorf("%v became %d, %d", at, g, o)
		}
		last = place
	}
	if schemas.Place(1, 41) != 41 {
		t.Error("a place of the first generation is not the offset")
	}
	if g, o := schemas.SplitPlace(-1); g != 1 || o != -1 {
		t.Errorf("no place became %d, %d", g, o)
	}
	if got := schemas.FormatPlace(schemas.Place(2, 7)); got != "7 of generation 2" {
		t.Error(got)
	}
}
