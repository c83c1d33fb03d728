package pgn

import (
	"bufio"
	"io"
	"unicode"
	"unicode/utf8"
)

// normalizer reads text in which every line ends with LF and every blank is ASCII, and
// from which byte-order marks and other invisible characters are removed: files that
// were concatenated or copied from a web page have them anywhere. Bytes that are not
// UTF-8 are passed on.
type normalizer struct {
	in      *bufio.Reader
	afterCR bool
	pending []byte // the rest of a character that did not fit
}

func newNormalizer(r io.Reader) *normalizer {
	return &normalizer{in: bufio.NewReaderSize(r, 64<<10)}
}

func (n *normalizer) Read(p []byte) (size int, err error) {
	for size < len(p) {
		if len(n.pending) > 0 {
			copied := copy(p[size:], n.pending)
			n.pending, size = n.pending[copied:], size+copied
			continue
		}
		if size > 0 && n.in.Buffered() == 0 {
			return size, nil // rather than wait for more
		}
		c, err := n.in.ReadByte()
		if err != nil {
			return size, err
		}
		lineEnd := n.afterCR && c == '\n'
		n.afterCR = c == '\r'
		switch {
		case lineEnd: // of CRLF, already written
		case c == '\r':
			p[size], size = '\n', size+1
		case c < utf8.RuneSelf:
			p[size], size = c, size+1
		default:
			if n.pending, err = n.character(c); err != nil {
				return size, err
			}
		}
	}
	return size, nil
}

// character returns the text for the character that begins with the byte c, which was
// just read.
func (n *normalizer) character(c byte) ([]byte, error) {
	if err := n.in.UnreadByte(); err != nil {
		return nil, err
	}
	r, width, err := n.in.ReadRune()
	switch {
	case err != nil:
		return nil, err
	case r == utf8.RuneError && width == 1:
		return []byte{c}, nil
	case r == '\u0085', r == '\u2028', r == '\u2029':
		return []byte{'\n'}, nil
	case unicode.IsSpace(r):
		return []byte{' '}, nil
	case r == '\u00ad', r == '\u2060', r == '\ufeff', r >= '\u200b' && r <= '\u200f':
		return nil, nil // soft hyphen, word joiner, byte-order mark, zero-width characters
	}
	return utf8.AppendRune(nil, r), nil
}
