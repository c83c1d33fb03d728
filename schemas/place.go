package schemas

import "fmt"

// A place is a generation and an offset in one number, such that later places are
// greater numbers. A topic that was lost and created again begins at offset 0 in a
// later generation (see Topology). A place of generation 1 equals its offset, so
// offsets that were stored before generations existed are valid places.
const (
	offsetBits = 48
	// MaxGeneration is the highest generation that a place can hold.
	MaxGeneration = 1<<(63-offsetBits) - 1
)

// Place returns the place of an offset of a generation.
func Place(generation, offset int64) int64 { return (generation-1)<<offsetBits + offset }

// SplitPlace returns the generation and the offset of a place. A negative place
// means "none"; it is returned unchanged, with generation 1.
func SplitPlace(place int64) (generation, offset int64) {
	if place < 0 {
		return 1, place
	}
	return place>>offsetBits + 1, place & (1<<offsetBits - 1)
}

// FormatPlace returns a place as text: the offset and, unless it is the first, the
// generation.
func FormatPlace(place int64) string {
	generation, offset := SplitPlace(place)
	if generation == 1 {
		return fmt.Sprint(offset)
	}
	return fmt.Sprintf("%d of generation %d", offset, generation)
}
