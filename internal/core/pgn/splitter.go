package pgn

import "strings"

// maxTagHead is how many bytes from a bracket show whether it opens a tag.
const maxTagHead = 64

// splitter finds where the next game begins. Tags may come in any order, so no
// particular tag marks the beginning. A game begins
//
//   - at a tag after moves or a result, also within a line, or
//   - at a paragraph of tags that repeats a tag of the seven tag roster: the game before
//     it has neither moves nor a result, or
//   - at a tag after an empty line inside a comment: the comment was never closed, and
//     only the game that contains it is lost.
type splitter struct {
	tags, moves bool
	names       roster // of the tags so far
	earlier     roster // of the tags before the last empty line

	comment    bool // in braces
	rest       bool // the rest of the line is a comment or an escape
	tag        bool // inside a tag
	quoted     bool // inside the value of a tag
	escaped    bool // after a backslash in such a value
	inLine     bool // the line has text before this byte
	lineStart  bool // this is the first byte of a line
	afterBlank bool // the line before this one is empty
}

// roster is a set of tags of the seven tag roster.
type roster uint8

func rosterOf(name string) roster {
	for i, n := range [...]string{"Event", "Site", "Date", "Round", "White", "Black", "Result"} {
		if strings.EqualFold(n, name) {
			return 1 << i
		}
	}
	return 0
}

func newSplitter() splitter { return splitter{lineStart: true, afterBlank: true} }

// game reports whether the text so far contains more than comments.
func (s *splitter) game() bool { return s.tags || s.moves }

// boundary says what a bracket begins.
type boundary uint8

const (
	sameGame        boundary = iota
	newParagraph             // of tags, which may turn out to begin the next game
	nextGame                 // begins here
	paragraphIsNext          // the next game began with this paragraph
)

// bracket classifies the opening bracket at the beginning of head. Call it before scan
// for each bracket for which opens returns true.
func (s *splitter) bracket(head []byte) boundary {
	name, complete := tagName(head)
	switch {
	case s.comment:
		if complete && s.lineStart && s.afterBlank {
			return nextGame
		}
		return sameGame
	case s.moves:
		if complete || name != "" && s.lineStart {
			return nextGame
		}
		return sameGame
	case name == "":
		return sameGame
	}
	kind := sameGame
	paragraph := s.tags && s.lineStart && s.afterBlank
	if paragraph {
		kind, s.earlier = newParagraph, s.names
	}
	tag := rosterOf(name)
	if s.earlier&tag != 0 {
		if paragraph {
			return nextGame
		}
		return paragraphIsNext
	}
	s.names |= tag
	s.tags, s.tag = true, true
	return kind
}

// opens reports whether c is a bracket that bracket must classify.
func (s *splitter) opens(c byte) bool { return c == '[' && !s.tag && !s.rest }

// scan tracks moves, tags and comments.
func (s *splitter) scan(c byte) {
	if c == '\n' {
		s.afterBlank = !s.inLine
		s.rest, s.tag, s.quoted, s.escaped, s.inLine, s.lineStart = false, false, false, false, false, true
		return
	}
	switch {
	case s.rest:
	case s.comment:
		s.comment = c != '}'
	case s.tag:
		s.scanTag(c)
	case c == '{':
		s.comment = true
	case c == ';' || c == '%' && s.lineStart:
		s.rest = true
	case c > ' ':
		s.moves = true
	}
	s.inLine = s.inLine || c > ' '
	s.lineStart = false
}

func (s *splitter) scanTag(c byte) {
	switch {
	case s.escaped:
		s.escaped = false
	case s.quoted && c == '\\':
		s.escaped = true
	case c == '"':
		s.quoted = !s.quoted
	case c == ']' && !s.quoted:
		s.tag = false
	}
}

// tagName returns the name of the tag that head begins with, "" if it is none. It is
// complete if the opening quote of a value follows.
func tagName(head []byte) (name string, complete bool) {
	rest := head[1:]
	n := 0
	for n < len(rest) && (isLetter(rest[n]) || n > 0 && (rest[n] == '_' || rest[n] >= '0' && rest[n] <= '9')) {
		n++
	}
	name = string(rest[:n])
	for n < len(rest) && (rest[n] == ' ' || rest[n] == '\t') {
		n++
	}
	return name, name != "" && n < len(rest) && rest[n] == '"'
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
