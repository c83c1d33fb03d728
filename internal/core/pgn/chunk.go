package pgn

// chunk is the text of one game. Of a longer one only the beginning is kept.
type chunk struct {
	text  []byte
	line  int  // on which it begins
	apart bool // an empty line separates it from the game before
	long  bool // the game is longer than MaxGameBytes

	// The last paragraph of tags, which may belong to the next game.
	from     int // its offset in text
	fromLine int
	full     bool // it is not all in text
}

func (c *chunk) add(b byte) {
	if len(c.text) == MaxGameBytes {
		c.long, c.full = true, true
		return
	}
	c.text = append(c.text, b)
}

// paragraph begins a paragraph of tags.
func (c *chunk) paragraph(line int) {
	if c.long {
		c.text = c.text[:0] // the game is lost, so there is room for the paragraph
	}
	c.from, c.fromLine, c.full = len(c.text), line, false
}

// cut moves the last paragraph to next.
func (c *chunk) cut(next *chunk) {
	next.text = append(next.text[:0], c.text[c.from:]...)
	next.line, next.apart, next.long, next.full = c.fromLine, true, c.full, c.full
	c.text = c.text[:c.from]
}
