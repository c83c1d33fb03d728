package pgn

import "bytes"

// maxTagHead is how many bytes of a line show what it is.
const maxTagHead = 16

// splitter finds the line on which the next game begins: at a tag after moves, or at an
// Event tag after other tags, because a game can have neither moves nor a result. Inside
// a comment a tag does not count, except an Event tag after an empty line: then the
// comment was never closed, and only its game is lost.
type splitter struct {
	tags, moves bool
	comment     bool // in braces
	afterBlank  bool // the line before was empty
	skip        bool // the rest of this line is a tag, an escape or a comment
}

// game reports whether the lines so far contain more than comments.
func (s *splitter) game() bool { return s.tags || s.moves }

// begins reports whether a line that starts with head begins the next game. It must be
// called once for each line, before scan.
func (s *splitter) begins(head []byte) bool {
	event := bytes.HasPrefix(head, []byte("[Event "))
	switch {
	case s.comment:
		if event && s.afterBlank {
			return true
		}
	case isTag(head):
		if s.moves || s.tags && event {
			return true
		}
		s.tags, s.skip = true, true
	case head[0] == '%': // an escaped line
		s.skip = true
	}
	line, _, _ := bytes.Cut(head, []byte{'\n'})
	s.afterBlank = len(bytes.TrimSpace(line)) == 0
	return false
}

// scan tracks moves and comments through a part of the line.
func (s *splitter) scan(piece []byte) {
	for _, c := range piece {
		switch {
		case c == '\n':
			s.skip = false
		case s.skip:
		case s.comment:
			s.comment = c != '}'
		case c == '{':
			s.comment = true
		case c == ';':
			s.skip = true
		case c > ' ':
			s.moves = true
		}
	}
}

func isTag(line []byte) bool {
	if len(line) < 2 || line[0] != '[' {
		return false
	}
	c := line[1]
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}
