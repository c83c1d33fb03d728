package schemas

import (
	"errors"
	"fmt"
)

// TopicIdentity says which topic of a name is meant, and what its offsets mean.
type TopicIdentity struct {
	ID    string `json:"id"`    // the topic's id in Kafka, a UUID
	Since int64  `json:"since"` // the generation in which it became ours
	// Copied are earlier generations whose records the topic holds at the offsets
	// that they had before, oldest first.
	Copied []Copied `json:"copied,omitempty"`
}

// Copied is a generation whose records were copied.
type Copied struct {
	Generation int64   `json:"generation"`
	Ends       []int64 `json:"ends"` // of its records, by partition
}

func (t TopicIdentity) validate(partitions int) error {
	for _, c := range t.Copied {
		if c.Generation < 1 || c.Generation >= t.Since || len(c.Ends) != partitions {
			return fmt.Errorf("topic %s has a copy of generation %d with %d ends", t.ID, c.Generation, len(c.Ends))
		}
	}
	if t.Since < 1 {
		return errors.New("generations must be positive")
	}
	return nil
}

// Place returns the place of the record at an offset.
func (t TopicIdentity) Place(partition int32, offset int64) int64 {
	for _, c := range t.Copied {
		if offset < c.Ends[partition] {
			return Place(c.Generation, offset)
		}
	}
	return Place(t.Since, offset)
}

// End returns the place after the record before an offset: that of the end of a
// partition, as a reader knows it that has read everything.
func (t TopicIdentity) End(partition int32, offset int64) int64 {
	if offset == 0 {
		return t.Place(partition, 0)
	}
	return t.Place(partition, offset-1) + 1
}

// IsCopy reports whether the record at an offset was copied from an earlier
// generation.
func (t TopicIdentity) IsCopy(partition int32, offset int64) bool {
	return len(t.Copied) > 0 && offset < t.Copied[len(t.Copied)-1].Ends[partition]
}

// Resume returns the offset at which a reader continues whose next record has the
// place next. ok is false if the topic began anew since then, so that the reader starts
// at its beginning. If the reader has read more than was copied, it continues after
// the copy. The error says that next is of a later generation than the topic.
func (t TopicIdentity) Resume(partition int32, next int64) (offset int64, ok bool, err error) {
	generation, offset := SplitPlace(next)
	switch {
	case generation == t.Since:
		return offset, true, nil
	case generation > t.Since:
		return 0, false, fmt.Errorf("generation %d was read before, and the topic is of generation %d", generation, t.Since)
	}
	for _, c := range t.Copied {
		if c.Generation == generation {
			return min(offset, c.Ends[partition]), true, nil
		}
	}
	return 0, false, nil
}
