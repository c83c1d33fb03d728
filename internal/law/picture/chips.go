package main

import (
	"cmp"
	"slices"
)

const (
	charWidth  = 6.7 // of the 11 px monospaced face
	chipHeight = 22.0
	chipGap    = 10.0
	maxSpread  = 30.0 // added to the gap where there is room
	levelGap   = 30.0
	lineGap    = 8.0
	boxPad     = 14.0
	headHeight = 40.0
	maxLine    = 430.0
)

// lines puts the chips of a box on lines: a package lies below those that import
// it. A level that is too wide for the box takes several lines.
func (b *box) lines(width float64) [][][]*chip {
	for moved := true; moved; {
		moved = false
		for _, c := range b.chips {
			for _, u := range c.uses {
				if u.level <= c.level {
					u.level, moved = c.level+1, true
				}
			}
		}
	}
	var levels [][]*chip
	for _, c := range b.chips {
		for len(levels) <= c.level {
			levels = append(levels, nil)
		}
		levels[c.level] = append(levels[c.level], c)
	}
	untangle(levels)
	wrapped := make([][][]*chip, 0, len(levels))
	for _, level := range levels {
		wrapped = append(wrapped, wrap(level, width))
	}
	return wrapped
}

// untangle orders each level by where its importers stand.
func untangle(levels [][]*chip) {
	for i := 1; i < len(levels); i++ {
		want := map[*chip]float64{}
		users := map[*chip]float64{}
		for _, above := range levels[:i] {
			for at, c := range above {
				for _, u := range c.uses {
					want[u] += (float64(at) + 0.5) / float64(len(above))
					users[u]++
				}
			}
		}
		slices.SortStableFunc(levels[i], func(a, b *chip) int { return cmp.Compare(want[a]/users[a], want[b]/users[b]) })
	}
}

func (c *chip) width() float64 { return float64(len(c.label))*charWidth + 16 }

func lineWidth(line []*chip) float64 {
	w := -chipGap
	for _, c := range line {
		w += c.width() + chipGap
	}
	return w
}

func wrap(level []*chip, width float64) [][]*chip {
	var lines [][]*chip
	for _, c := range level {
		if n := len(lines) - 1; n >= 0 && lineWidth(append(slices.Clone(lines[n]), c)) <= width {
			lines[n] = append(lines[n], c)
		} else {
			lines = append(lines, []*chip{c})
		}
	}
	return lines
}

// minWidth is what the box needs for its head and its widest line.
func (b *box) minWidth() float64 {
	w := float64(len(b.title))*9 + float64(len(b.about))*5.8
	for _, level := range b.lines(maxLine) {
		for _, line := range level {
			w = max(w, lineWidth(line))
		}
	}
	return w + 2*boxPad
}

// fill places the chips, centered, and sets the box's height. The box's x, y and
// width are given.
func (b *box) fill() {
	y := b.y + headHeight
	for i, level := range b.lines(b.w - 2*boxPad) {
		if i > 0 {
			y += levelGap - lineGap
		}
		for _, line := range level {
			spare := (b.w - 2*boxPad - lineWidth(line)) / float64(len(line)+1)
			gap := chipGap + min(spare, maxSpread)
			x := b.center() - (lineWidth(line)+(gap-chipGap)*float64(len(line)-1))/2
			for _, c := range line {
				c.rect = rect{x, y, c.width(), chipHeight}
				x += c.w + gap
			}
			y += chipHeight + lineGap
		}
	}
	b.h = y - lineGap + boxPad - b.y
}
