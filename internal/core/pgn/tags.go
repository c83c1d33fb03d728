package pgn

import (
	"errors"
	"fmt"
	"strings"

	"tabiya/internal/core/rules"
)

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
	if name := p.contradiction(); name != "" {
		return fmt.Sprintf("there are two %s tags, which differ", name)
	}
	switch strings.ToLower(p.game.Tag("Variant")) {
	case "", "standard", "chess", "normal", "from position":
	default:
		return fmt.Sprintf("the variant %.40q is not chess", p.game.Tag("Variant"))
	}
	p.game.StartFEN = rules.StartFEN
	switch fen := p.game.Tag("FEN"); {
	case fen != "":
		p.game.StartFEN = fen
	case p.game.Tag("SetUp") == "1":
		return "the position is set up, but there is no FEN tag"
	}
	var err error
	if p.position, err = rules.ParseFEN(p.game.StartFEN); err != nil {
		return err.Error()
	}
	p.game.StartFEN = p.position.FEN()
	p.ending.reach(p.position)
	return ""
}

// contradiction returns the name of a tag that says what was played, and by whom, if it
// occurs with two values: then it is unknown which one is of this game.
func (p *parser) contradiction() string {
	for _, name := range [...]string{"Variant", "FEN", "SetUp", "Event", "White", "Black", "Result"} {
		first := p.game.Tag(name)
		for _, t := range p.game.Tags {
			if strings.EqualFold(t.Name, name) && t.Value != first {
				return name
			}
		}
	}
	return ""
}

// movesFollow reports whether moves, a result or nothing come next.
func (p *parser) movesFollow() bool {
	ahead := *p
	word := ahead.word()
	if word == "" || word[0] >= '0' && word[0] <= '9' || parseResult(word) != "" {
		return true
	}
	_, err := rules.Start().SAN(afterNumber(word))
	return !errors.Is(err, rules.ErrMalformed)
}
