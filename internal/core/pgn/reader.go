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
	in     *bufio.Reader // normalised
	number int
	line   int // of the next byte of in
	err    error
	split  splitter
	chunk  chunk
	next   chunk // what is known of the game after it
	broken bool  // the last game is broken, and tags after it may be its own
}

// NewReader returns a Reader of the PGN in r.
func NewReader(r io.Reader) *Reader {
	return &Reader{in: bufio.NewReaderSize(newNormalizer(r), 64<<10), line: 1, split: newSplitter(), next: chunk{apart: true}}
}

// Next returns the next game. It returns an *Error for a game that cannot be used: call
// Next again for the one after it. It returns io.EOF at the end, and otherwise the
// error of the input.
func (r *Reader) Next() (Game, error) {
	if err := r.collect(); err != nil {
		return Game{}, err
	}
	r.number++
	g := Game{Number: r.number, Line: r.chunk.line}
	afterBroken := r.broken && !r.chunk.apart
	r.broken = false
	switch {
	case r.chunk.long:
		r.broken = true
		return g, &Error{r.number, r.chunk.line, fmt.Sprintf("the game is longer than %d bytes", MaxGameBytes)}
	case afterBroken:
		return g, &Error{r.number, r.chunk.line, "no empty line before it, and what comes before cannot be read: tags may be missing"}
	}
	// Files written by DOS programs end with 0x1A.
	p := parser{text: bytes.TrimRight(r.chunk.text, " \t\n\x1a"), line: r.chunk.line, game: g}
	if reason := p.parse(); reason != "" {
		r.broken = p.unclear
		g.Tags = p.game.Tags
		return g, &Error{r.number, p.line, reason}
	}
	return p.game, nil
}

// Count returns the number of games that a Reader finds in r, broken ones included.
func Count(r io.Reader) (int, error) {
	reader := NewReader(r)
	for n := 0; ; n++ {
		if err := reader.collect(); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
	}
}

// collect puts the next game's text into r.chunk.
func (r *Reader) collect() error {
	r.chunk, r.next = r.next, chunk{text: r.chunk.text[:0]}
	for r.err == nil {
		var c byte
		if c, r.err = r.in.ReadByte(); r.err != nil {
			break
		}
		if r.split.opens(c) && r.bracket() {
			return nil
		}
		before := r.split.game()
		r.split.scan(c)
		if game := r.split.game(); game && !before {
			r.chunk.line = r.line
		}
		if r.split.game() {
			r.chunk.add(c)
		}
		if c == '\n' {
			r.line++
		}
	}
	if !errors.Is(r.err, io.EOF) {
		return fmt.Errorf("read PGN: %w", r.err)
	}
	if !r.split.game() {
		return io.EOF
	}
	r.split = splitter{}
	return nil
}

// bracket handles an opening bracket, which was just read. It reports whether r.chunk
// is complete; then the bracket will be read again.
func (r *Reader) bracket() (complete bool) {
	_ = r.in.UnreadByte()            // cannot fail after ReadByte
	head, _ := r.in.Peek(maxTagHead) // an error is returned again by the next read
	had := r.split.game()
	kind := r.split.bracket(head)
	apart := r.split.lineStart && r.split.afterBlank
	switch kind {
	case nextGame:
		r.split = splitter{lineStart: r.split.lineStart, inLine: r.split.inLine, afterBlank: r.split.afterBlank}
		r.next.apart = apart
		if had {
			return true
		}
		r.chunk.apart = apart // only an unclosed comment, which is not a game
		r.split.bracket(head)
		had = false
	case paragraphIsNext:
		r.chunk.cut(&r.next)
		r.split.names, r.split.earlier = r.split.names&^r.split.earlier, 0
		return true
	case newParagraph:
		r.chunk.paragraph(r.line)
	}
	if !had && r.split.game() {
		r.chunk.line = r.line
	}
	_, _ = r.in.Discard(1)
	return false
}
