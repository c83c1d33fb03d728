package check

import (
	"maps"
	"slices"
)

// sequences are rows in the order in which they are stored, by place: a topic, its
// partition and, in the archive, a region.
type sequences map[string][]string

// compare adds a finding for each row that is lost, doubled, altered or in another
// place of the order.
func (f *findings) compare(want, got sequences) {
	places := map[string]bool{}
	for _, s := range []sequences{want, got} {
		for place := range s {
			places[place] = true
		}
	}
	for _, place := range slices.Sorted(maps.Keys(places)) {
		f.comparePlace(place, want[place], got[place])
	}
}

func (f *findings) comparePlace(place string, want, got []string) {
	if slices.Equal(want, got) {
		return
	}
	counts, same := map[string]int{}, true
	for _, row := range want {
		counts[row]++
	}
	for _, row := range got {
		counts[row]--
	}
	for _, row := range want {
		if n := counts[row]; n > 0 {
			f.addf("%s: the log has %.300s, which is missing %d times", place, row, n)
			counts[row], same = 0, false
		}
	}
	for _, row := range got {
		if n := counts[row]; n < 0 {
			f.addf("%s: %.300s is there %d times too often", place, row, -n)
			counts[row], same = 0, false
		}
	}
	if !same {
		return
	}
	for i := range want {
		if want[i] != got[i] {
			f.addf("%s: row %d is %.300s, where the log has %.300s", place, i, got[i], want[i])
			return
		}
	}
}
