package pgn

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"tabiya/internal/core/rules"
	"tabiya/schemas"
)

// parser parses one game's text.
type parser struct {
	text []byte
	pos  int
	line int // of pos, and so of the error if parse returns a reason
	game Game

	position rules.Position
	ending   ending
	result   schemas.Result // the token after the moves, "" if there was none
	moved    bool           // there is movetext
	plies    int            // of the main line, also those after an early end
	unclear  bool           // the tags may not end where they seem to
}

// parse fills game, or returns why it cannot be used.
func (p *parser) parse() (reason string) {
	p.unclear = true
	if !utf8.Valid(p.text) {
		for p.pos < len(p.text) {
			if r, n := utf8.DecodeRune(p.text[p.pos:]); r == utf8.RuneError && n == 1 {
				break
			}
			p.next()
		}
		return "the text is not UTF-8"
	}
	if reason = p.tags(); reason != "" {
		return reason
	}
	p.unclear = !p.movesFollow()
	if reason = p.setUp(); reason != "" {
		return reason
	}
	if reason = p.movetext(); reason != "" {
		return reason
	}
	return p.finish()
}

func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *parser) next() {
	if p.text[p.pos] == '\n' {
		p.line++
	}
	p.pos++
}

func (p *parser) space() {
	for p.pos < len(p.text) && isSpace(p.text[p.pos]) {
		p.next()
	}
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// isControl reports bytes that occur in no text. A file that contains them is damaged,
// and the bytes they replaced are unknown.
func isControl(c byte) bool { return c < ' ' && !isSpace(c) || c == 0x7f }

// lineStart reports whether pos is at the start of a line.
func (p *parser) lineStart() bool { return p.pos == 0 || p.text[p.pos-1] == '\n' }

func (p *parser) restOfLine() {
	for p.pos < len(p.text) && p.text[p.pos] != '\n' {
		p.next()
	}
}

// finish checks the result against the tag and the final position.
func (p *parser) finish() (reason string) {
	g := &p.game
	written := g.Tag("Result")
	tag := parseResult(written)
	g.Termination, g.FEN, g.Result = g.Tag("Termination"), p.position.FEN(), p.result
	switch {
	case p.result == "" && p.moved:
		return "the text ends without a result: it was cut short"
	case p.result == "":
		g.Result = tag // games without moves often lack the token
	case written != "" && tag != p.result:
		return fmt.Sprintf("the Result tag is %.10q, the moves end with %q", written, string(p.result))
	}
	switch g.Result {
	case schemas.WhiteWins, schemas.BlackWins, schemas.Draw:
	default:
		return "the game has no result"
	}
	if g.EarlyEnd != nil {
		return ""
	}
	switch p.position.Status() {
	case rules.Checkmate:
		if g.Result != schemas.WinFor(p.position.Turn().Other()) {
			return fmt.Sprintf("the final position is checkmate, the result %s", g.Result)
		}
	case rules.Stalemate, rules.Insufficient:
		if g.Result != schemas.Draw {
			return fmt.Sprintf("the final position is a draw, the result %s", g.Result)
		}
	}
	return ""
}

// play plays one move of the main line.
func (p *parser) play(san string) (reason string) {
	if p.plies++; p.plies > MaxPlies {
		return fmt.Sprintf("the game has more than %d plies", MaxPlies)
	}
	next, uci, canonical, err := p.position.PlaySAN(san)
	switch {
	case errors.Is(err, rules.ErrMalformed):
		return fmt.Sprintf("ply %d: %.20q is not a move", p.plies, san)
	case p.game.EarlyEnd != nil:
		return "" // whether it could be played is no matter
	case p.ending.over():
		p.game.EarlyEnd = &EarlyEnd{p.line, p.ending.termination, p.ending.result}
		return ""
	case err != nil:
		return fmt.Sprintf("ply %d: %.20q is illegal", p.plies, san)
	}
	p.position = next
	p.ending.reach(next)
	p.game.Moves = append(p.game.Moves, uci)
	p.game.SANs = append(p.game.SANs, canonical)
	if p.game.ClocksCs != nil {
		p.game.ClocksCs = append(p.game.ClocksCs, -1)
	}
	return ""
}

// comment parses {...} and returns the text inside.
func (p *parser) comment() (text []byte, reason string) {
	end := bytes.IndexByte(p.text[p.pos:], '}')
	if end < 0 {
		return nil, "a comment is not closed"
	}
	text = p.text[p.pos+1 : p.pos+end]
	p.line += bytes.Count(text, []byte{'\n'})
	p.pos += end + 1
	return text, ""
}
