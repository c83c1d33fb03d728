package schemas

// RebuiltVersion is the version of a row that is made again at a broker time: the
// milliseconds since 1970, which is more than a row can have changed.
func RebuiltVersion(at Time) int64 { return int64(at) }

// Head is the version and offset that frame every table row. The offset is a place: it
// says the generation, too.
type Head struct {
	Version int64 // counts the row's changes from 1
	Offset  int64 // place of the last command that changed it
}
