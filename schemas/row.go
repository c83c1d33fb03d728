package schemas

// Head is the version and offset that frame every table row. The offset is a place: it
// says the generation, too.
type Head struct {
	Version int64 // counts the row's changes from 1
	Offset  int64 // place of the last command that changed it
}
