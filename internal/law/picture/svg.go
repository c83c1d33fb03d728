package main

import (
	"fmt"
	"html"
	"strings"
)

const (
	caption = "A line runs from the importer down to what it imports, in the colour of what is imported. Made by: go run ./internal/law/picture"

	sans = "font-family='Helvetica, Arial, sans-serif'"
	mono = "font-family='DejaVu Sans Mono, Menlo, Consolas, monospace'"
)

// svg draws the picture.
func svg(boxes []*box, lines []line, width, height float64) string {
	var s strings.Builder
	fmt.Fprintf(&s, "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %.0f %.0f' width='%.0f' height='%.0f'>\n", width, height, width, height)
	fmt.Fprintf(&s, "<rect width='%.0f' height='%.0f' rx='12' fill='#ffffff'/>\n", width, height)
	fmt.Fprintf(&s, "<text x='%.0f' y='38' %s font-size='20' font-weight='700' fill='#0f172a'>Packages of Tabiya</text>\n", margin, sans)
	fmt.Fprintf(&s, "<text x='%.0f' y='58' %s font-size='12' fill='#64748b'>%s</text>\n", margin, sans, caption)
	for _, to := range boxes {
		drawLines(&s, lines, to)
	}
	for _, b := range boxes {
		drawBox(&s, b)
	}
	s.WriteString("</svg>\n")
	return s.String()
}

// drawLines draws all lines to one box. A white edge keeps lines apart where
// they cross.
func drawLines(s *strings.Builder, lines []line, to *box) {
	for _, style := range []string{"stroke='#ffffff' stroke-width='7'", "stroke='" + to.color + "' stroke-width='2'"} {
		for _, l := range lines {
			if l.to == to {
				fmt.Fprintf(s, "<path d='%s' fill='none' %s/>\n", rounded(l.points), style)
			}
		}
	}
	for _, l := range lines {
		if l.to == to {
			drawHead(s, l.points[len(l.points)-2], l.points[len(l.points)-1], to.color)
		}
	}
}

// rounded is a path along the points, which are joined at right angles.
func rounded(points []point) string {
	const radius = 6.0
	var d strings.Builder
	fmt.Fprintf(&d, "M%.1f %.1f", points[0].x, points[0].y)
	for i := 1; i < len(points)-1; i++ {
		p := points[i]
		in, out := toward(p, points[i-1], radius), toward(p, points[i+1], radius)
		fmt.Fprintf(&d, "L%.1f %.1fQ%.1f %.1f %.1f %.1f", in.x, in.y, p.x, p.y, out.x, out.y)
	}
	last := toward(points[len(points)-1], points[len(points)-2], 5) // room for the head
	fmt.Fprintf(&d, "L%.1f %.1f", last.x, last.y)
	return d.String()
}

// toward returns the point that lies by a distance from p in direction of q, on
// a horizontal or vertical line.
func toward(p, q point, by float64) point {
	step := func(a, b float64) float64 { return a + max(-by, min(by, b-a)) }
	return point{step(p.x, q.x), step(p.y, q.y)}
}

func drawHead(s *strings.Builder, from, tip point, color string) {
	back := toward(tip, from, 9)
	wx, wy := 4.5, 0.0
	if from.x != tip.x {
		wx, wy = 0, 4.5
	}
	fmt.Fprintf(s, "<path d='M%.1f %.1fL%.1f %.1fL%.1f %.1fZ' fill='%s'/>\n", tip.x, tip.y, back.x-wx, back.y-wy, back.x+wx, back.y+wy, color)
}

func drawBox(s *strings.Builder, b *box) {
	fmt.Fprintf(s, "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' rx='8' fill='#f8fafc' stroke='%s' stroke-width='1.5'/>\n", b.x, b.y, b.w, b.h, b.color)
	fmt.Fprintf(s, "<text x='%.1f' y='%.1f' %s font-size='14' font-weight='700' fill='%s'>%s <tspan font-size='11' font-weight='400' fill='#64748b' dx='4'>%s</tspan></text>\n",
		b.x+boxPad, b.y+24, sans, b.color, html.EscapeString(b.title), html.EscapeString(b.about))
	for _, c := range b.chips {
		for _, u := range c.uses {
			fmt.Fprintf(s, "<path d='%s' fill='none' stroke='#94a3b8' stroke-width='1.2'/>\n", curve(c, u))
		}
	}
	for _, c := range b.chips {
		fmt.Fprintf(s, "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' rx='4' fill='#ffffff' stroke='#cbd5e1'/>\n", c.x, c.y, c.w, c.h)
		fmt.Fprintf(s, "<text x='%.1f' y='%.1f' %s font-size='11' text-anchor='middle' fill='#1e293b'>%s</text>\n", c.center(), c.y+15, mono, html.EscapeString(c.label))
	}
}

// curve runs from the bottom of a chip to the top of one that it imports.
func curve(from, to *chip) string {
	half := (to.y - from.bottom()) / 2
	return fmt.Sprintf("M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f",
		from.center(), from.bottom(), from.center(), from.bottom()+half, to.center(), to.y-half, to.center(), to.y)
}
