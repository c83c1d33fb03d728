package schemas

import (
	"math"
	"strconv"
	"time"
)

// scanner decodes one exact form of JSON: fields in the order of the wire structs,
// no white space, and ASCII strings without escapes. Anything else sets ok to
// false, after which every method is a no-op.
//
// Almost every record is a PlayMove, a MoveMade or a terminal event, written by our
// own encoders in that form. The scanner decodes those about ten times faster than
// encoding/json, which decodes all others. Fuzz tests check that the two agree.
type scanner struct {
	s  string
	i  int
	ok bool
}

// lit skips an exact text and fails if it is not there.
func (p *scanner) lit(text string) {
	if !p.opt(text) {
		p.ok = false
	}
}

// opt skips a text if it is there, and reports whether it was.
func (p *scanner) opt(text string) bool {
	if !p.ok || len(p.s)-p.i < len(text) || p.s[p.i:p.i+len(text)] != text {
		return false
	}
	p.i += len(text)
	return true
}

// str reads a string after its opening quote and skips the closing one.
func (p *scanner) str() string {
	if !p.ok {
		return ""
	}
	begin := p.i
	for ; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; {
		case c == '"':
			p.i++
			return p.s[begin : p.i-1]
		case c < ' ' || c == '\\' || c > '~':
			p.ok = false
			return ""
		}
	}
	p.ok = false
	return ""
}

func (p *scanner) digits() (begin int) {
	begin = p.i
	for p.i < len(p.s) && p.s[p.i]-'0' < 10 {
		p.i++
	}
	n := p.i - begin
	if n == 0 || n > 1 && p.s[begin] == '0' {
		p.ok = false
	}
	return begin
}

func (p *scanner) int() int64 {
	if !p.ok {
		return 0
	}
	negative := p.opt("-")
	begin := p.digits()
	if p.i-begin > 18 {
		p.ok = false
	}
	if !p.ok {
		return 0
	}
	var v int64
	for _, c := range []byte(p.s[begin:p.i]) {
		v = v*10 + int64(c-'0')
	}
	if negative {
		return -v
	}
	return v
}

// float reads a number without an exponent.
func (p *scanner) float() float64 {
	if !p.ok {
		return 0
	}
	begin := p.i
	p.opt("-")
	p.digits()
	if p.opt(".") {
		fraction := p.i
		for p.i < len(p.s) && p.s[p.i]-'0' < 10 {
			p.i++
		}
		p.ok = p.ok && p.i > fraction
	}
	if !p.ok {
		return 0
	}
	v, err := strconv.ParseFloat(p.s[begin:p.i], 64)
	if err != nil || math.IsInf(v, 0) {
		p.ok = false
	}
	return v
}

func (p *scanner) bool() bool {
	if p.opt("true") {
		return true
	}
	p.lit("false")
	return false
}

// time reads "2026-11-23T15:54:30.123Z" after its opening quote.
func (p *scanner) time() Time {
	text := p.str()
	if !p.ok || len(text) != 24 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
		text[13] != ':' || text[16] != ':' || text[19] != '.' || text[23] != 'Z' {
		p.ok = false
		return 0
	}
	number := func(from, to int) int {
		v := 0
		for _, c := range []byte(text[from:to]) {
			if c-'0' > 9 {
				p.ok = false
			}
			v = v*10 + int(c-'0')
		}
		return v
	}
	year, month, day := number(0, 4), number(5, 7), number(8, 10)
	hour, minute, second, ms := number(11, 13), number(14, 16), number(17, 19), number(20, 23)
	if !p.ok || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59 {
		p.ok = false
		return 0
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, ms*int(time.Millisecond), time.UTC)
	if t.Day() != day { // the month has no such day
		p.ok = false
	}
	return TimeOf(t)
}
