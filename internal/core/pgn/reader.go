package pgn

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Bounds of one game.
const (
	MaxGameBytes = 1 << 20
	MaxPlies     = 2000
)

// Reader reads games one by one. It keeps at most MaxGameBytes of text.
type Reader struct {
	in     *bufio.Reader
	number int
	line   int // of the next byte of in
	text   []byte
	split  splitter
	err    error // the error or EOF at the end of the input
}

// NewReader returns a Reader of the PGN in r.
func NewReader(r io.Reader) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 64<<10), line: 1}
}

// Next returns the next game. It returns an *Error for a game that cannot be used: call
// Next again for the one after it. It returns io.EOF at the end, and otherwise the
// error of the input.
func (r *Reader) Next() (Game, error) {
	start, long, err := r.collect()
	if err != nil {
		return Game{}, err
	}
	r.number++
	if long {
		return Game{Number: r.number, Line: start}, &Error{r.number, start, fmt.Sprintf("the game is longer than %d bytes", MaxGameBytes)}
	}
	// Files written by DOS programs end with 0x1A.
	p := parser{text: bytes.TrimRight(r.text, " \t\r\n\x1a"), line: start, game: Game{Number: r.number, Line: start}}
	if reason := p.parse(); reason != "" {
		return Game{Number: r.number, Line: start, Tags: p.game.Tags}, &Error{r.number, p.line, reason}
	}
	return p.game, nil
}

// collect puts the next game's lines into r.text. It returns the line on which the game
// starts, and whether it was too long to be kept.
func (r *Reader) collect() (start int, long bool, err error) {
	r.text = r.text[:0]
	r.split = splitter{}
	start = r.line
	for r.err == nil {
		// A line can be longer than the buffer: its first bytes show what it is, and
		// the rest is only scanned for the ends of comments.
		head, err := r.in.Peek(maxTagHead)
		if len(head) == 0 {
			r.err = err
			break
		}
		if r.line == 1 && bytes.HasPrefix(head, []byte("\ufeff")) {
			if _, r.err = r.in.Discard(3); r.err == nil {
				continue
			}
			break
		}
		fresh := !r.split.game() && !r.split.comment // only closed comments so far
		if r.split.begins(head) {
			if r.split.game() {
				return start, long, nil
			}
			r.split = splitter{} // an unclosed comment is not a game
			r.split.begins(head)
			fresh = true
		}
		if fresh {
			start, long, r.text = r.line, false, r.text[:0]
		}
		long, r.err = r.take(long)
		r.line++
	}
	if !errors.Is(r.err, io.EOF) {
		return 0, false, fmt.Errorf("read PGN: %w", r.err)
	}
	if !r.split.game() {
		return 0, false, io.EOF
	}
	return start, long, nil
}

// take moves one line of any length from the input to the game.
func (r *Reader) take(long bool) (bool, error) {
	for {
		piece, err := r.in.ReadSlice('\n')
		r.split.scan(piece)
		if len(r.text)+len(piece) > MaxGameBytes {
			long = true
		}
		if !long {
			r.text = append(r.text, piece...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return long, err
		}
	}
}
