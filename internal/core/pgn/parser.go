package pgn

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
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
	result   schemas.Result // the token after the moves, "" if there was none
	moved    bool           // there is movetext
}

// parse fills game, or returns why it cannot be used.
func (p *parser) parse() (reason string) {
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

// tags reads the tag section, and comments before and within it.
func (p *parser) tags() (reason string) {
	for p.space(); p.pos < len(p.text); p.space() {
		switch c := p.peek(); {
		case c == '[':
			if reason = p.tag(); reason != "" {
				return reason
			}
		case c == ';' || c == '%' && p.lineStart():
			p.restOfLine()
		case c == '{':
			if _, reason = p.comment(); reason != "" {
				return reason
			}
		default:
			return ""
		}
	}
	return ""
}

// tag parses [Name "value"].
func (p *parser) tag() (reason string) {
	const broken = "a tag is not [Name \"value\"]"
	p.next()
	p.space()
	start := p.pos
	for c := p.peek(); c > ' ' && c != '"' && c != ']'; c = p.peek() {
		p.next()
	}
	name := string(p.text[start:p.pos])
	p.space()
	if name == "" || p.peek() != '"' {
		return broken
	}
	p.next()
	var value strings.Builder
	for c := p.peek(); c != '"'; c = p.peek() {
		if c == '\\' {
			p.next()
			c = p.peek()
		}
		if c == 0 && p.pos >= len(p.text) || c == '\n' {
			return broken
		}
		value.WriteByte(c)
		p.next()
	}
	p.next()
	p.space()
	if p.peek() != ']' {
		return broken
	}
	p.next()
	p.game.Tags = append(p.game.Tags, Tag{name, value.String()})
	return ""
}

// setUp sets the starting position.
func (p *parser) setUp() (reason string) {
	variant := strings.ToLower(p.game.Tag("Variant"))
	if variant != "" && variant != "standard" && variant != "from position" {
		return fmt.Sprintf("the variant %.40q is not chess", p.game.Tag("Variant"))
	}
	p.game.StartFEN = rules.StartFEN
	if fen := p.game.Tag("FEN"); fen != "" {
		p.game.StartFEN = fen
	}
	var err error
	if p.position, err = rules.ParseFEN(p.game.StartFEN); err != nil {
		return err.Error()
	}
	p.game.StartFEN = p.position.FEN()
	return ""
}

// finish checks the result against the tag and the final position.
func (p *parser) finish() (reason string) {
	g := &p.game
	tag := schemas.Result(g.Tag("Result"))
	g.Termination, g.FEN, g.Result = g.Tag("Termination"), p.position.FEN(), p.result
	switch {
	case p.result == "" && p.moved:
		return "the text ends without a result: it was cut short"
	case p.result == "":
		g.Result = tag // games without moves often lack the token
	case tag != "" && tag != p.result:
		return fmt.Sprintf("the Result tag is %.10q, the moves end with %q", string(tag), string(p.result))
	}
	switch g.Result {
	case schemas.WhiteWins, schemas.BlackWins, schemas.Draw:
	default:
		return "the game has no result"
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
	if len(p.game.Moves) >= MaxPlies {
		return fmt.Sprintf("the game has more than %d plies", MaxPlies)
	}
	next, uci, canonical, err := p.position.PlaySAN(san)
	if err != nil {
		what := "illegal"
		if errors.Is(err, rules.ErrMalformed) {
			what = "not a move"
		}
		return fmt.Sprintf("ply %d: %.20q is %s", len(p.game.Moves)+1, san, what)
	}
	p.position = next
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
