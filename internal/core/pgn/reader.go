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

// Reader reads games one by one, in memory bounded by MaxGameBytes.
type Reader struct {
	in     *bufio.Reader
	number int
	line   int // of what in gives next
	text   []byte
	split  splitter
	err    error // what ended the input
}

// NewReader reads from r.
func NewReader(r io.Reader) *Reader {
	return &Reader{in: bufio.NewReaderSize(r, 64<<10), line: 1}
}

// Next gives the next game. An *Error is a game that cannot be used; call Next
// again for the one behind it. io.EOF is the end; any other error is the
// input's.
func (r *Reader) Next() (Game, error) {
	start, long, err := r.cut()
	if err != nil {
		return Game{}, err
	}
	r.number++
	if long {
		return Game{Number: r.number, Line: start}, &Error{r.number, start, fmt.Sprintf("the game is longer than %d bytes", MaxGameBytes)}
	}
	// 0x1A ends a file that was written under DOS.
	p := parser{text: bytes.TrimRight(r.text, " \t\r\n\x1a"), line: start, game: Game{Number: r.number, Line: start}}
	if reason := p.parse(); reason != "" {
		return Game{Number: r.number, Line: start, Tags: p.game.Tags}, &Error{r.number, p.line, reason}
	}
	return p.game, nil
}

// cut collects the next game's lines in r.text and tells on which line it
// starts, and whether it was too long to be kept.
func (r *Reader) cut() (start int, long bool, err error) {
	r.text = r.text[:0]
	r.split = splitter{}
	start = r.line
	for r.err == nil {
		// A line is looked at in pieces of the buffer's size: its first bytes
		// say what it is, the rest is only watched for the ends of comments.
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
		fresh := !r.split.game() && !r.split.comment // nothing so far but closed comments
		if r.split.begins(head) {
			if r.split.game() {
				return start, long, nil
			}
			r.split = splitter{} // a comment that was never closed is no game
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

// take moves one line, however long, from the input to the game.
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
