package pgn

import (
	"bytes"
	"strconv"
	"strings"
)

// movetext reads moves, comments, variations, NAGs and the result.
func (p *parser) movetext() (reason string) {
	depth := 0 // of variations, which are skipped
	for p.space(); p.pos < len(p.text); p.space() {
		switch c := p.peek(); {
		case c == '{':
			text, reason := p.comment()
			if reason != "" {
				return reason
			}
			if depth == 0 {
				p.clock(text)
			}
		case c == ';' || c == '%' && p.lineStart():
			p.restOfLine()
		case c == '(':
			p.moved = true
			depth++
			p.next()
		case c == ')':
			if depth == 0 {
				return "a variation is closed but was not opened"
			}
			depth--
			p.next()
		case c == '$':
			p.word() // a NAG
		case isControl(c) || strings.IndexByte("[]}<>\"", c) >= 0:
			return "the moves contain " + strconv.Quote(string(rune(c)))
		default:
			p.moved = true
			word := p.word()
			if depth > 0 {
				continue
			}
			if reason := p.token(word); reason != "" {
				return reason
			}
		}
	}
	if depth > 0 {
		return "a variation is not closed"
	}
	return ""
}

// word reads up to the next space or delimiter.
func (p *parser) word() string {
	start := p.pos
	for c := p.peek(); c > ' ' && !isControl(c) && (p.pos == start || strings.IndexByte("{}()[];$<>\"", c) < 0); c = p.peek() {
		p.next()
	}
	return string(p.text[start:p.pos])
}

// token handles one word of the main line.
func (p *parser) token(word string) (reason string) {
	if p.result != "" {
		return "there is text after the result"
	}
	if p.result = parseResult(word); p.result != "" || word == "e.p." {
		return ""
	}
	move := afterNumber(word)
	if strings.Trim(move, "!?+#=.") == "" {
		return "" // a move number, or annotation marks on their own
	}
	return p.play(move)
}

// afterNumber cuts "12." or "12..." off a word, and returns "" for a number alone.
func afterNumber(word string) string {
	rest := strings.TrimLeft(word, "0123456789")
	if rest == "" {
		return ""
	}
	if move := strings.TrimLeft(rest, ".…"); move != rest {
		return move
	}
	return word
}

// clock records the [%clk h:mm:ss.ff] of a comment after a move.
func (p *parser) clock(comment []byte) {
	_, after, found := bytes.Cut(comment, []byte("[%clk "))
	if !found || len(p.game.Moves) == 0 || p.game.EarlyEnd != nil {
		return
	}
	value, _, found := bytes.Cut(after, []byte{']'})
	if !found || len(value) > 20 {
		return
	}
	cs, ok := parseClock(strings.TrimSpace(string(value)))
	if !ok {
		return
	}
	if p.game.ClocksCs == nil {
		p.game.ClocksCs = make([]int64, len(p.game.Moves))
		for i := range p.game.ClocksCs {
			p.game.ClocksCs[i] = -1
		}
	}
	p.game.ClocksCs[len(p.game.Moves)-1] = cs
}

// parseClock parses h:mm:ss or h:mm:ss.ff into centiseconds.
func parseClock(s string) (cs int64, ok bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	parts := strings.Split(whole, ":")
	if len(parts) != 3 {
		return 0, false
	}
	for _, part := range parts {
		n, err := strconv.ParseUint(part, 10, 16)
		if err != nil {
			return 0, false
		}
		cs = cs*60 + int64(n)
	}
	cs *= 100
	if fraction != "" {
		n, err := strconv.ParseUint((fraction + "0")[:2], 10, 8)
		if err != nil {
			return 0, false
		}
		cs += int64(n)
	}
	return cs, true
}
