package schemas

import (
	"errors"
	"strconv"
)

// A format numbers the form of an aggregate's rows and events: what stands in a row,
// and which kinds of events there are. Topology says in which one they are written.
// A release reads the formats from OldestFormat to LatestFormat. It writes what
// topology says, until `tabiya upgrade finish` raises that to LatestFormat.

// OldestFormat is the lowest format that this release reads, and that of a new
// cluster.
const OldestFormat = 1

// maxFormat is the highest number that a later release may give to a format.
const maxFormat = 29

// ErrLaterFormat means that a later release wrote the data. It is not malformed: this
// release must leave it to a later one.
var ErrLaterFormat = errors.New("a later release wrote it")

// HeaderFormat is a header of events: their format, in decimal. Events of the first
// format have none.
const HeaderFormat = "format"

// FormatHeader returns the value of HeaderFormat, nil for the first format.
func FormatHeader(format int) []byte {
	if format <= 1 {
		return nil
	}
	return strconv.AppendInt(nil, int64(format), 10)
}

// FormatOf returns the format that a HeaderFormat names. A value that is not a format
// is ignored, as a missing one is: the record itself will tell what it is.
func FormatOf(header []byte) int {
	if len(header) == 0 || len(header) > 2 {
		return 1
	}
	format, err := strconv.Atoi(string(header))
	if err != nil || format < 1 || format > maxFormat {
		return 1
	}
	return format
}
